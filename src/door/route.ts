/** What a program asks for, by the path: OpenAI's operations that this engine has. */

export type Route =
  | { readonly name: 'chat' }
  | { readonly name: 'models' }
  | { readonly name: 'model'; readonly id: string };

const VERSION = '/v1/';
const CHAT = 'chat/completions';
const MODELS = 'models';

/**
 * The route of a path such as `/llm/v1/models/writer`; the `/v1` may be left out. Where the
 * location lies is not known here: the operation is what follows the first `/v1/`, or the end.
 */
export function routeOf(path: string): Route | undefined {
  const version = path.indexOf(VERSION);
  if (version >= 0) return operationOf(path.slice(version + VERSION.length));
  if (path.endsWith(`/${CHAT}`)) return { name: 'chat' };
  const models = path.indexOf(`/${MODELS}`);
  return models < 0 ? undefined : operationOf(path.slice(models + 1));
}

/** The methods of a route, as `Allow` names them. */
export function methodsOf({ name }: Route): readonly string[] {
  return name === 'chat' ? ['POST'] : ['GET', 'HEAD'];
}

/** The name of a model may have slashes. */
function operationOf(operation: string): Route | undefined {
  if (operation === CHAT) return { name: 'chat' };
  if (operation === MODELS) return { name: 'models' };
  const id = operation.startsWith(`${MODELS}/`) ? operation.slice(MODELS.length + 1) : '';
  return id === '' ? undefined : { name: 'model', id };
}
