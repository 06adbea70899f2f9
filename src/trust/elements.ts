/** The elements that a generated page may have. */

const words = (list: string): readonly string[] => list.trim().split(/\s+/);

/** Anything else loses its tags and keeps its text: a name that nobody has thought about yet. */
const ALLOWED: ReadonlySet<string> = new Set([
  ...words(`
    a abbr acronym address area article aside audio b bdi bdo big blockquote body br button canvas
    caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em
    fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html i img
    input ins kbd label legend li link main map mark menu meta meter nav nobr ol optgroup option
    output p picture pre progress q rb rp rt rtc ruby s samp search section select
    selectedcontent slot small source span strike strong style sub summary sup table tbody td
    template textarea tfoot th thead time title tr track tt u ul var video wbr`),
  // SVG, in small letters as the tokenizer gives them.
  ...words(`
    animate animatemotion animatetransform circle clippath defs desc ellipse feblend
    fecolormatrix fecomponenttransfer fecomposite feconvolvematrix fediffuselighting
    fedisplacementmap fedistantlight fedropshadow feflood fefunca fefuncb fefuncg fefuncr
    fegaussianblur femerge femergenode femorphology feoffset fepointlight fespecularlighting
    fespotlight fetile feturbulence filter foreignobject g image line lineargradient marker mask
    metadata mpath path pattern polygon polyline radialgradient rect set stop svg switch symbol
    text textpath tspan use view`),
  ...words(`
    annotation maction math menclose merror mfenced mfrac mi mlabeledtr mmultiscripts mn mo mover
    mpadded mphantom mprescripts mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd
    mtext mtr munder munderover none semantics`),
]);

/** What a page's own style calls its elements; without a script they are as good as `span`. */
const CUSTOM = /^[a-z][a-z0-9]*-[a-z0-9-]*$/;
/** A door from MathML back into HTML, which has a hyphen and is no custom element. */
const NOT_CUSTOM = 'annotation-xml';

export function isAllowedElement(name: string): boolean {
  return ALLOWED.has(name) || (CUSTOM.test(name) && name !== NOT_CUSTOM);
}

/** Elements whose tags go together with all that stands between them. */
export const DROPPED_WHOLE: ReadonlySet<string> = new Set(['iframe', 'noembed', 'noframes']);

/** Elements that animate an attribute of another. */
export const ANIMATIONS: ReadonlySet<string> = new Set([
  'animate',
  'animatemotion',
  'animatetransform',
  'set',
]);
