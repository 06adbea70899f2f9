import { Httpd } from '../test/harness/httpd.ts';

/** Our own events at notice, such as an engine that started, are no fault. */
const told = /:(notice|info)\]/;
/** Lines of the error log to show with a failure. */
const linesMax = 20;

/**
 * Runs `use` with a private httpd that `configure` has set up. Afterwards httpd is stopped, and a
 * warning in its error log is an error here: the figures would not be those of a sound server.
 */
export async function withHttpd<T>(
  configure: (httpd: Httpd) => void,
  use: (httpd: Httpd) => Promise<T>,
): Promise<T> {
  const httpd = new Httpd();
  try {
    httpd.config.logLevel = 'warn';
    // As in the configuration that httpd comes with; the tests look for .htaccess files.
    for (const folder of ['/', httpd.site.root]) {
      httpd.config.section('Directory', folder, 'AllowOverride None');
    }
    configure(httpd);
    await httpd.start();
    const result = await use(httpd);
    httpd.log.allow(told);
    httpd.log.assertClean();
    return result;
  } catch (error) {
    const lines = httpd.log.lines.slice(-linesMax).map((line) => line.whole);
    const end = lines.join('\n');
    throw new Error(`${messageOf(error)}\nThe error log ends:\n${end}`, { cause: error });
  } finally {
    await httpd.stop();
    httpd.environment.remove();
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 4000);
}
