/** The elements of HTML, as far as the cleaning has to tell them apart. */

const words = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

/** Names that make a tag of a `<` in prose; anything else in angle brackets is just text. */
export const KNOWN_ELEMENTS = words(`
  a abbr acronym address applet area article aside audio b base bdi bdo big blockquote body br
  button canvas caption center cite code col colgroup data datalist dd del details dfn dialog div
  dl dt em embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head
  header hgroup hr i iframe img input ins kbd label legend li link main map mark marquee math menu
  meta meter nav nobr noscript object ol optgroup option output p param picture pre progress q rp
  rt ruby s samp script search section select small source span strike strong style sub summary
  sup svg table tbody td template textarea tfoot th thead time title tr track tt u ul var video
  wbr`);

/** Elements without an end tag; one of them in prose is meant as markup. */
export const VOID_ELEMENTS = words(`
  area base br col embed hr img input link meta param source track wbr`);

/** Elements whose content is not markup: it ends at their own end tag and nowhere else. */
export const RAW_ELEMENTS = words(`
  script style textarea title iframe xmp noembed noframes`);

/**
 * Elements that need their end tag. While one is open, a notice might be hidden inside it, and a
 * line of back-ticks is more likely to belong to the page than to end it.
 */
export const CONTAINERS = words(`
  a article aside audio blockquote button canvas center code details dialog div dl fieldset figure
  footer form header main map math menu nav noscript object ol picture pre search section select
  svg table template ul video`);

/** Elements inside which HTML's rules give way to XML's. */
export const FOREIGN_ELEMENTS = words('svg math');

/** Elements that stand in a head; a fragment that begins with one brings its own. */
export const HEAD_ELEMENTS = words('head title meta');
