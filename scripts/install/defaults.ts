import { join } from 'node:path';
import type { Places } from './places.ts';

/** `mods-available/muse_ai.load`. */
export function loadFile(places: Places): string {
  return `LoadModule muse_ai_module ${join(places.modules, 'mod_muse_ai.so')}\n`;
}

/** `mods-available/muse_ai.conf`: sensible defaults, each with a word on what it is for. */
export function moduleConfig({ library, etc }: Places): string {
  return `# mod_muse_ai: pages that a language model writes from prompts in files called page.ai.
#
# Nothing is served by it until a directory says so:
#
#     <Directory "/var/www/html/muse">
#         MuseAiEnable On
#     </Directory>
#
# Everywhere else a .ai file is answered 403: prompts are source.

# The program that talks to the models. httpd starts it and watches it.
MuseAiNode "${join(library, 'node')}"
MuseAiEngine "${join(library, 'engine.js')}"

# The models and where they are. Changes take effect while httpd runs.
MuseAiModels "${join(etc, 'muse_ai', 'models.json')}"

# Keys belong into the environment. Put "export OPENAI_API_KEY=..." into ${join(etc, 'envvars')},
# let only root read that file, and pass the variable on to the engine:
#PassEnv OPENAI_API_KEY

# Prompts that all pages share: system_prompt.ai and layout.ai.
#MuseAiPromptsDir "${join(etc, 'muse_ai', 'prompts')}"

# For how many seconds a finished page is served from memory.
MuseAiCacheTTL 300

# How many pages one visitor may ask for in a minute.
MuseAiRateLimitEnable On
MuseAiRateLimitRPM 60

# For how many seconds a page may be under way.
#MuseAiTimeout 300
`;
}

/** The command `muse`, which runs on the Node that is installed beside it. */
export function launcher({ library }: Places): string {
  return `#!/bin/sh\nexec ${join(library, 'node')} ${join(library, 'muse.js')} "$@"\n`;
}

/** A models.json to begin with: it works at once, and shows what an entry looks like. */
export function exampleModels({ library }: Places): string {
  const models = {
    $schema: `file://${join(library, 'models.schema.json')}`,
    default_model: 'preview',
    models: [{ name: 'preview', provider: 'preview' }],
  };
  return `${JSON.stringify(models, null, 2)}\n`;
}
