import { enablePages, type Httpd, type Result, scriptedModel } from '../harness/index.ts';
import { type ScriptedProvider, say } from '../provider/index.ts';

/** What the model writes: its language is a mistake, and it names the one that it was told. */
export const opening = '<!doctype html><html lang="tlh" dir="rtl"><head><title>T</title></head>';

/** A site whose pages tell in which language and from which prompt they were to be written. */
export function speak(httpd: Httpd, provider: ScriptedProvider, ...lines: readonly string[]): void {
  enablePages(httpd, provider, ...lines);
  provider.script(scriptedModel, ({ messages }) => {
    const [rules, prompt] = messages.map(({ content }) => content);
    const tag = /language tag "(.+?)"/.exec(rules ?? '')?.[1] ?? 'none';
    return say(`${opening}<body><p>in ${tag}: ${prompt}</p>${links}</body></html>`);
  });
  httpd.site.write('page.ai', 'The page.');
}

const links =
  '<a href="/about">a</a><a href="near">b</a><a href="?a=b">c</a><a href="#d">d</a>' +
  '<a href="/fr/about">e</a><a href="//host.example/x">f</a><a href="mailto:a@b.example">g</a>' +
  '<a href="/plan.pdf">h</a><form action="/find.ai"><button>Find</button></form>';

/** The language that the page was written in, as its root element has it too. */
export function spoken({ text }: Result): string {
  const root = /<html lang="([\w-]+)"(?: dir="(rtl)")?>/.exec(text);
  const told = /in ([\w-]+):/.exec(text)?.[1] ?? 'nothing';
  return root?.[1] === told ? told : `${told} marked ${root?.[1]}`;
}

export const accept = (value: string) => ({ headers: { 'Accept-Language': value } });
export const cookie = (value: string) => ({ headers: { Cookie: value } });

/** The addresses of the page in other languages, by language. */
export function alternates({ headers }: Result): Record<string, string> {
  const found = [...(headers.link ?? '').matchAll(/<([^>]*)>; rel="alternate"; hreflang="(.*?)"/g)];
  return Object.fromEntries(found.map(([, url = '', tag = '']) => [tag, url]));
}
