import { describe, expect } from 'vitest';
import { documentIn } from '../harness/chromium.ts';
import { enablePages, type Httpd, scriptedModel, test } from '../harness/index.ts';
import { type ScriptedProvider, say } from '../provider/index.ts';
import { GOOD_PAGES } from '../vectors/good-pages.ts';
import { ALL_VECTORS } from '../vectors/xss.ts';

const MANY_MS = 180_000;
const vectors = ALL_VECTORS.map(([, markup]) => markup);

/** Answers `/page?n=3` with the page number 3. */
function serve(
  httpd: Httpd,
  provider: ScriptedProvider,
  pages: readonly string[],
  ...lines: string[]
) {
  httpd.site.write('page.ai', 'Write number {{ query.n }}.');
  enablePages(httpd, provider, ...lines);
  provider.script(scriptedModel, ({ messages }) => {
    const number = /">(\d+)</.exec(messages[1]?.content ?? '')?.[1];
    return say([pages[Number(number)] ?? 'none']);
  });
}

/** Opens each URL in a frame, clicks on what has the id `c`, and returns what `report` finds. */
async function inFrames(httpd: Httpd, urls: readonly string[], report: string): Promise<unknown> {
  httpd.site.write(
    'frames.html',
    `<!doctype html><body><script>
      const hits = new Set();
      self.hit = (name) => hits.add(Number(name));
      const frames = ${JSON.stringify(urls)}.map((url, index) => {
        const frame = document.createElement('iframe');
        frame.name = index;
        frame.width = 400;
        frame.src = url;
        return document.body.appendChild(frame);
      });
      const click = (frame) => {
        const target = frame.contentDocument?.getElementById('c');
        for (const type of ['pointerdown', 'mouseover', 'click']) {
          target?.dispatchEvent(new MouseEvent(type, { bubbles: true, cancelable: true }));
        }
      };
      addEventListener('load', () => {
        setTimeout(() => frames.forEach(click), 1000);
        setTimeout(() => { document.body.textContent = JSON.stringify(${report}); }, 3000);
      });
    </script>`,
  );
  const document = await documentIn(`${httpd.url}/frames.html`);
  const text = /<body>(.*)<\/body>/s.exec(document)?.[1] ?? '';
  return JSON.parse(text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'));
}

const hitsOf = async (httpd: Httpd, urls: readonly string[]): Promise<string[]> => {
  const hits = (await inFrames(httpd, urls, '[...hits]')) as number[];
  return hits.map((index) => vectors[index] ?? String(index));
};

describe('in a browser', () => {
  test('nothing of what tries to run does', { timeout: MANY_MS }, async ({ httpd, provider }) => {
    serve(httpd, provider, vectors);
    httpd.site.write('without/page.ai', 'Write number {{ query.n }}.');
    httpd.config.section('Directory', httpd.site.path('without'), 'MuseAiCsp Off');
    const raw = vectors.map((vector, index) => {
      httpd.site.write(`raw/${index}.html`, `<!doctype html>${vector}`);
      return `/raw/${index}.html`;
    });
    await httpd.start();
    // As they are, most of them run; some need another browser, or one of yesterday.
    expect((await hitsOf(httpd, raw)).length).toBeGreaterThan(vectors.length / 2);
    // The filter alone, and with the policy.
    expect(
      await hitsOf(
        httpd,
        vectors.map((_, n) => `/without/page?n=${n}`),
      ),
    ).toEqual([]);
    expect(
      await hitsOf(
        httpd,
        vectors.map((_, n) => `/page?n=${n}`),
      ),
    ).toEqual([]);
  });

  test('the policy alone lets nothing run either', { timeout: MANY_MS }, async ({
    httpd,
    provider,
  }) => {
    httpd.config.modules('headers');
    serve(httpd, provider, ['<p>x']);
    await httpd.start();
    const policy = (await httpd.get('/page?n=0')).headers['content-security-policy'] ?? '';
    httpd.config.section(
      'Directory',
      httpd.site.path('raw'),
      `Header set Content-Security-Policy "${policy}"`,
    );
    const raw = vectors.map((vector, index) => {
      httpd.site.write(`raw/${index}.html`, `<!doctype html>${vector}`);
      return `/raw/${index}.html`;
    });
    await httpd.restart();
    expect(await hitsOf(httpd, raw)).toEqual([]);
  });

  test('pages that mean no harm look as they did', { timeout: MANY_MS }, async ({
    httpd,
    provider,
  }) => {
    const pages = Object.values(GOOD_PAGES);
    serve(httpd, provider, pages);
    httpd.config.section('Directory', httpd.site.path('raw'), 'AddDefaultCharset utf-8');
    const raw = pages.map((page, index) => {
      httpd.site.write(`raw/${index}.html`, page);
      return `/raw/${index}.html`;
    });
    await httpd.start();
    const looks = `frames.map((frame) => [...frame.contentDocument.querySelectorAll('*')].map((one) => {
      const { x, y, width, height } = one.getBoundingClientRect();
      const style = frame.contentWindow.getComputedStyle(one);
      const seen = [style.color, style.backgroundImage, style.fill, style.margin, style.display];
      return [one.tagName, Math.round(x), Math.round(y), Math.round(width), Math.round(height), ...seen, one.childElementCount || one.matches('style') ? '' : one.textContent].join(' ');
    }))`;
    const served = pages.map((_, n) => `/page?n=${n}`);
    const [before, after] = [
      await inFrames(httpd, raw, looks),
      await inFrames(httpd, served, looks),
    ];
    expect((after as string[][]).map((each) => each.join('\n'))).toEqual(
      (before as string[][]).map((each) => each.join('\n')),
    );
    expect((before as string[][]).flat().length).toBeGreaterThan(100);
  });

  test('scripts run where they may, by their nonce and by their hash', {
    timeout: MANY_MS,
  }, async ({ httpd, provider }) => {
    const script = '<!doctype html><title>x</title><script>top.hit(self.name)</script>';
    const handler =
      '<!doctype html><img src=x onerror=top.hit(self.name)><a id=c href="javascript:top.hit(self.name)">x</a>';
    serve(httpd, provider, [script, handler], 'MuseAiScripts On');
    await httpd.start();
    const urls = ['/page?n=0', '/page?n=1'];
    for (const status of ['miss', 'hit']) {
      expect(await inFrames(httpd, urls, '[...hits]'), status).toEqual([0]);
    }
    expect(provider.received).toBe(2);
    expect((await httpd.get('/page?n=0')).headers['content-security-policy']).toContain("'sha256-");
  });
});
