import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findInstallation } from '../../scripts/httpd/installation.ts';
import { makePublicFolder } from '../../scripts/httpd/public-folder.ts';
import { findFreePort } from '../../test/harness/environment.ts';
import { makeReadableFolder } from '../../test/harness/site.ts';
import { Child } from './child.ts';

const places = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/local/nginx/sbin/nginx'];

export interface Nginx extends AsyncDisposable {
  readonly port: number;
}

/**
 * An NGINX of our own, with a folder of its own, whose cache lies in front of the server at
 * `upstream` and lets one request for a page through (proxy_cache_lock).
 */
export async function startNginx(upstream: number): Promise<Nginx> {
  const folder = makePublicFolder('muse-nginx-', findInstallation().runAs);
  try {
    const port = await findFreePort();
    makeReadableFolder(join(folder, 'tmp'));
    const config = join(folder, 'nginx.conf');
    writeFileSync(config, configuration(folder, port, upstream));
    const command = [findNginx(), '-p', folder, '-c', config, '-e', join(folder, 'error.log')];
    const child = await Child.start('nginx', port, command);
    return {
      port,
      async [Symbol.asyncDispose]() {
        await child[Symbol.asyncDispose]();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

export function findNginx(): string {
  const found = places.find((path) => existsSync(path));
  if (found === undefined) throw new Error('nginx is not there: install the package nginx-light');
  return found;
}

/** Nothing is set that would change how the lock works: its times are NGINX's own. */
function configuration(folder: string, port: number, upstream: number): string {
  const user = process.getuid?.() === 0 ? 'user www-data;' : '';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/tmp/${name};`,
  );
  return `
${user}
daemon off;
pid ${folder}/nginx.pid;
worker_processes 2;
events { worker_connections 8192; }
http {
  access_log off;
  ${temporary.join('\n  ')}
  proxy_cache_path ${folder}/cache keys_zone=pages:10m;
  upstream plain {
    server 127.0.0.1:${upstream};
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://plain;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache pages;
      proxy_cache_valid 200 10m;
      proxy_cache_lock on;
      add_header X-Cache $upstream_cache_status;
    }
  }
}
`;
}
