/**
 * The tags `include` and `render`. What they name stands in quotation marks, never in a variable:
 * so all that a page is made of is known once it is parsed, is linked in then (see includes.ts),
 * and no visitor can choose a file.
 */

import {
  type Context,
  type Emitter,
  evalQuotedToken,
  Hash,
  type Liquid,
  Tag,
  type TagToken,
  type Template,
  type TopLevelToken,
  TypeGuards,
  type ValueToken,
} from 'liquidjs';

export abstract class PartialTag extends Tag {
  /** The name as it stands in the tag. */
  readonly partial: string;
  /** What stands under that name; linked in after parsing. */
  templates: Template[] = [];
  protected readonly hash: Hash;

  constructor(token: TagToken, remainTokens: TopLevelToken[], liquid: Liquid) {
    super(token, remainTokens, liquid);
    const { tokenizer } = this;
    const name = tokenizer.readValue();
    if (name === undefined || !TypeGuards.isQuotedToken(name)) {
      throw new Error('the name of a file stands in quotation marks here');
    }
    this.partial = evalQuotedToken(name);
    this.hash = new Hash(tokenizer);
    tokenizer.skipBlank();
    if (!tokenizer.end())
      throw new Error('after the name only arguments may follow, as in , tree: query.tree');
  }

  abstract override render(context: Context, emitter: Emitter): Generator<unknown, void, unknown>;
  abstract partialScope(): { name: string; isolated: boolean; scope: string[] };

  // biome-ignore lint/correctness/useYield: LiquidJS asks for a generator that returns them
  *children(partials: boolean): Generator<unknown, Template[]> {
    return partials ? this.templates : [];
  }

  *arguments(): Generator<ValueToken> {
    for (const value of Object.values(this.hash.hash)) {
      if (TypeGuards.isValueToken(value)) yield value;
    }
  }
}

/** Goes on in the included file as if it stood here. */
export class IncludeTag extends PartialTag {
  *render(context: Context, emitter: Emitter): Generator<unknown, void, unknown> {
    context.push((yield this.hash.render(context)) as object);
    yield this.liquid.renderer.renderTemplates(this.templates, context, emitter);
    context.pop();
  }

  partialScope() {
    return { name: this.partial, isolated: false, scope: Object.keys(this.hash.hash) };
  }
}

/** What is assigned around it is not there in the rendered file, and the reverse. */
export class RenderTag extends PartialTag {
  *render(context: Context, emitter: Emitter): Generator<unknown, void, unknown> {
    const own = context.spawn();
    Object.assign(own.bottom(), yield this.hash.render(context));
    yield this.liquid.renderer.renderTemplates(this.templates, own, emitter);
  }

  partialScope() {
    return { name: this.partial, isolated: true, scope: Object.keys(this.hash.hash) };
  }
}
