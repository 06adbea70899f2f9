/** The connections to all endpoints: how they are kept, and by way of which proxy they are made. */

import { Agent, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import type { Environment } from '../environment.ts';
import type { PoolSettings } from '../settings.ts';

export interface Line {
  readonly dispatcher: Dispatcher;
  /** Connections, since the engine began. */
  made: number;
}

/** Less than the five seconds after which many servers close an idle connection. */
const IDLE_SOCKET_MS = 4_000;

/** Connections that are kept as `pool` says, by the proxy of the environment if one is set. */
export function createLine(environment: Environment, pool?: PoolSettings): Line {
  const count = (): void => {
    line.made += 1;
  };
  const line = { dispatcher: createDispatcher(environment, count, pool), made: 0 };
  return line;
}

function createDispatcher(
  environment: Environment,
  onConnect: () => void,
  pool?: PoolSettings,
): Dispatcher {
  // A call's own timers are its caller's.
  const settings = {
    connect: { timeout: 0 },
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: IDLE_SOCKET_MS,
    ...idleTimes(pool?.idle),
    // undici's way to say that each call has a connection of its own.
    ...(pool?.keepAlive === false ? { pipelining: 0 } : {}),
    allowH2: false,
  };
  const options = {
    ...settings,
    // What goes by way of a proxy tells of its connections here only; plain HTTP that does comes
    // without the settings.
    factory: (origin: string | URL, own: object): Dispatcher =>
      new Pool(origin, { ...settings, ...own }).on('connect', onConnect),
  };
  const variable = (name: string): string =>
    environment[name.toLowerCase()] || environment[name] || '';
  const [httpProxy, httpsProxy] = [variable('HTTP_PROXY'), variable('HTTPS_PROXY')];
  if (httpProxy === '' && httpsProxy === '') return new Agent(options);
  return new EnvHttpProxyAgent({
    ...options,
    httpProxy,
    httpsProxy,
    noProxy: variable('NO_PROXY'),
  });
}

/** What is set holds also where the other side says that it keeps connections for longer. */
function idleTimes(seconds: number | undefined): Agent.Options {
  if (seconds === undefined) return {};
  return { keepAliveTimeout: seconds * 1_000, keepAliveMaxTimeout: seconds * 1_000 };
}
