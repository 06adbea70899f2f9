import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const checkout = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** A fenced block: its info string's words, the line of its fence, and its text. */
export interface Fence {
  readonly document: string;
  readonly line: number;
  /** The first word of the info string: `apache`, `json`, `ai`, `sh`, … */
  readonly language: string;
  /** The other words: where the snippet belongs. */
  readonly words: readonly string[];
  readonly text: string;
}

/** A heading and all that stands below it, deeper headings included. */
export interface Section {
  readonly level: number;
  readonly title: string;
  readonly line: number;
  readonly text: string;
}

/** A document of this project, as far as the tests have to understand Markdown. */
export class Document {
  readonly name: string;
  readonly text: string;
  readonly fences: readonly Fence[];
  readonly sections: readonly Section[];

  /** `name` is a path in the checkout. */
  constructor(name: string, text = readFileSync(join(checkout, name), 'utf8')) {
    this.name = name;
    this.text = text;
    const lines = text.split('\n');
    const fences: Fence[] = [];
    const headings: { level: number; title: string; line: number }[] = [];
    for (let i = 0; i < lines.length; i++) {
      const fence = /^(`{3,})\s*(\S*)\s*(.*)$/.exec(lines[i] ?? '');
      if (fence) {
        const end = lines.indexOf(fence[1] ?? '', i + 1);
        if (end < 0) throw new Error(`${name}:${i + 1}: this fence is never closed`);
        fences.push({
          document: name,
          line: i + 1,
          language: fence[2] ?? '',
          words: (fence[3] ?? '').split(/\s+/).filter(Boolean),
          text: `${lines.slice(i + 1, end).join('\n')}\n`,
        });
        i = end;
        continue;
      }
      const heading = /^(#{1,6}) (.+)$/.exec(lines[i] ?? '');
      if (heading) {
        headings.push({ level: heading[1]?.length ?? 0, title: heading[2] ?? '', line: i + 1 });
      }
    }
    this.fences = fences;
    this.sections = headings.map((heading, i) => {
      const next = headings.slice(i + 1).find((other) => other.level <= heading.level);
      return { ...heading, text: lines.slice(heading.line, next && next.line - 1).join('\n') };
    });
  }

  /** The section with this title; there has to be exactly one. */
  section(title: string): Section {
    const found = this.sections.filter((section) => section.title === title);
    if (found.length !== 1 || !found[0]) {
      throw new Error(`${this.name} has ${found.length} sections "${title}" instead of one`);
    }
    return found[0];
  }

  /** The sections directly below that one. */
  subsections(title: string): Section[] {
    const parent = this.section(title);
    const end = parent.line + parent.text.split('\n').length;
    return this.sections.filter(
      ({ line, level }) => line > parent.line && line <= end && level === parent.level + 1,
    );
  }

  /** The fences inside `section`. */
  fencesIn(section: Section): Fence[] {
    const end = section.line + section.text.split('\n').length;
    return this.fences.filter(({ line }) => line > section.line && line <= end);
  }
}

/** The rows of every table in `text`, without head and rule: cells without their back-ticks. */
export function tableRows(text: string): string[][] {
  const lines = text.split('\n');
  const isRule = (line: string | undefined): boolean => /^\|(?:\s*:?-+:?\s*\|)+$/.test(line ?? '');
  return lines
    .filter((line, i) => line.startsWith('|') && !isRule(line) && !isRule(lines[i + 1]))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.replaceAll('\\|', '|').trim()),
    );
}

/** The cell's text when all of it stands between back-ticks, else the cell. */
export function plain(cell: string | undefined): string {
  return /^`([^`]*)`$/.exec(cell ?? '')?.[1] ?? cell ?? '';
}
