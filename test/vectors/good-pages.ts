/** Markup of pages that mean no harm: nothing of it may be lost. */
export const GOOD_PAGES: Readonly<Record<string, string>> = {
  styles: `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Styles &amp; more</title>
<style>
:root { --ink: #123; color-scheme: light dark; }
@media (width <= 60rem) and (min-width: 1px) { main > p { color: var(--ink); margin: 7px; } }
a::before { content: "<\\3c !"; } .x { background: url("data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9'/></svg>"); }
ul { & li { padding-left: 3px; } }
</style></head><body class="a b" style="padding: 5px"><main><p id="p">1 &lt; 2 &amp;&amp; 3 &gt; 2 “é” 🌊</p>
<div class="x" style="width:40px;height:40px"></div><ul><li>one<li>two</ul></main></body></html>`,
  drawing: `<!doctype html><title>Drawing</title><svg viewBox="0 0 120 60" width="240" role="img" aria-label="A boat">
<defs><linearGradient id="g" x1="0" x2="1"><stop offset="0" stop-color="#08f"/><stop offset="1" stop-color="#f80"/></linearGradient>
<clipPath id="c"><rect width="100" height="50"/></clipPath><filter id="f"><feGaussianBlur stdDeviation="1"/></filter></defs>
<style>.w { fill: none; stroke: navy }</style>
<g clip-path="url(#c)"><rect width="120" height="60" fill="url(#g)" filter="url(#f)"/><path class="w" d="M0 40 q10 -9 20 0 t20 0"/></g>
<use href="#g"/><circle cx="20" cy="20" r="8"><animate attributeName="r" values="8;8" dur="2s" repeatCount="indefinite"/></circle>
<text x="40" y="20" textLength="60">Boat<tspan dy="1em">!</tspan></text><foreignObject width="20" height="20"><p>in</p></foreignObject></svg><p>after</p>`,
  details: `<!doctype html><title>Details</title><details open><summary>More</summary><p>Text</p></details>
<dialog open>Hello</dialog><progress max="3" value="1"></progress><meter value="0.5">half</meter>`,
  table: `<!doctype html><title>Table</title><table border="1"><caption>Numbers</caption><colgroup><col span="2" style="width:50px"></colgroup>
<thead><tr><th scope="col">a<th>b<tbody><tr><td colspan="2" align="right">1<tr><td>2<td>3</table>`,
  form: `<!doctype html><title>Form</title><form action="/topic" method="get"><label>Topic <input name="topic" required placeholder="sea" autofocus></label>
<select name="n"><optgroup label="few"><option value="1" selected>one<option>two</optgroup></select><textarea name="t" rows="2">
 a &lt;b&gt;</textarea><button>Go</button><input type="checkbox" checked disabled></form>`,
  text: `<!doctype html><title>Text</title><h1>Heading</h1><p>A <a href="https://example.org/?a=1&amp;b=2" target="_blank" rel="noopener">link</a>,
<a href="/page?x=1#y">another</a>, <a href="mailto:a@example.org">mail</a>, <a href="#end">end</a>, <em>em</em>, <code>a &lt; b</code>, <kbd>K</kbd>.</p>
<pre>
 first line
   second</pre><blockquote cite="https://example.org/">q</blockquote><ruby>漢<rt>kan</rt></ruby><my-card class="c">card</my-card>
<img src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7" alt="" width="30" height="20"><hr><math><mfrac><mi>a</mi><mn>2</mn></mfrac></math>`,
};
