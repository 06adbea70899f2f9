/**
 * Every event that the engine writes to httpd's error log: one number, one level, one meaning.
 * A number is never given to another event; numbers below 200 are the httpd module's.
 */

/** Levels as httpd names them, the gravest first. */
export const LEVELS = ['error', 'warn', 'notice', 'info', 'debug'] as const;
export type Level = (typeof LEVELS)[number];

interface EventInfo {
  /** As it stands in the log. */
  readonly number: string;
  readonly level: Level;
}

/** Name of an event → its log number and level. */
export const EVENTS = {
  'engine-draining': { number: 'MUSE0201', level: 'info' },
  'engine-settings': { number: 'MUSE0202', level: 'error' },
  'engine-crashed': { number: 'MUSE0203', level: 'error' },
  'store-failed': { number: 'MUSE0204', level: 'warn' },
  'store-too-large': { number: 'MUSE0205', level: 'notice' },
  'engine-region': { number: 'MUSE0206', level: 'error' },

  'models-loaded': { number: 'MUSE0210', level: 'info' },
  'models-invalid': { number: 'MUSE0211', level: 'error' },
  'models-absent': { number: 'MUSE0212', level: 'warn' },
  'models-removed': { number: 'MUSE0213', level: 'warn' },
  'model-without-variable': { number: 'MUSE0214', level: 'notice' },
  'model-unknown': { number: 'MUSE0215', level: 'warn' },
  'model-unavailable': { number: 'MUSE0216', level: 'error' },
  'model-not-configured': { number: 'MUSE0217', level: 'error' },
  'watch-failed': { number: 'MUSE0218', level: 'warn' },

  'page-missing': { number: 'MUSE0220', level: 'error' },
  'page-unreadable': { number: 'MUSE0221', level: 'error' },
  'page-too-large': { number: 'MUSE0222', level: 'error' },
  'page-not-text': { number: 'MUSE0223', level: 'error' },
  'page-front-matter': { number: 'MUSE0224', level: 'error' },
  'page-template': { number: 'MUSE0225', level: 'error' },
  'page-empty': { number: 'MUSE0229', level: 'error' },
  'prompts-unreadable': { number: 'MUSE0226', level: 'error' },
  'prompts-changed': { number: 'MUSE0227', level: 'info' },
  'prompts-empty': { number: 'MUSE0228', level: 'warn' },

  'provider-attempts': { number: 'MUSE0230', level: 'debug' },
  'endpoint-resting': { number: 'MUSE0231', level: 'warn' },
  'endpoint-back': { number: 'MUSE0232', level: 'notice' },
  'fallback-used': { number: 'MUSE0233', level: 'warn' },
  'fallback-over': { number: 'MUSE0234', level: 'notice' },

  'budget-spent': { number: 'MUSE0235', level: 'debug' },
  'model-budget-spent': { number: 'MUSE0236', level: 'debug' },
  'budget-uncounted': { number: 'MUSE0237', level: 'error' },
  'budget-held': { number: 'MUSE0238', level: 'warn' },
  'budget-reached': { number: 'MUSE0293', level: 'warn' },
  'budget-again': { number: 'MUSE0294', level: 'notice' },

  'provider-refused-key': { number: 'MUSE0240', level: 'error' },
  'provider-unknown-model': { number: 'MUSE0241', level: 'error' },
  'provider-busy': { number: 'MUSE0242', level: 'warn' },
  'provider-failed': { number: 'MUSE0243', level: 'error' },
  'provider-unreachable': { number: 'MUSE0244', level: 'error' },
  'provider-slow': { number: 'MUSE0245', level: 'error' },
  'provider-cut-off': { number: 'MUSE0246', level: 'error' },
  'provider-nonsense': { number: 'MUSE0247', level: 'error' },
  'provider-redirected': { number: 'MUSE0248', level: 'error' },
  'provider-rejected': { number: 'MUSE0249', level: 'error' },
  'answer-empty': { number: 'MUSE0250', level: 'error' },
  'answer-too-long': { number: 'MUSE0251', level: 'error' },
  'answer-truncated': { number: 'MUSE0252', level: 'warn' },
  'answer-filtered': { number: 'MUSE0253', level: 'warn' },
  'answer-usage': { number: 'MUSE0254', level: 'info' },

  'request-invalid': { number: 'MUSE0260', level: 'error' },
  'request-failed': { number: 'MUSE0261', level: 'error' },
  'refresh-failed': { number: 'MUSE0262', level: 'info' },

  'answer-not-json': { number: 'MUSE0285', level: 'error' },
  'json-mode-refused': { number: 'MUSE0286', level: 'notice' },

  'deferred-unknown': { number: 'MUSE0270', level: 'info' },
  'deferred-too-many': { number: 'MUSE0271', level: 'warn' },

  'thinking-refused': { number: 'MUSE0275', level: 'notice' },
  'endpoint-full': { number: 'MUSE0276', level: 'warn' },

  'input-too-large': { number: 'MUSE0280', level: 'info' },
  'form-unreadable': { number: 'MUSE0281', level: 'info' },
  'form-type': { number: 'MUSE0282', level: 'info' },
  'method-refused': { number: 'MUSE0283', level: 'info' },
  'page-include': { number: 'MUSE0284', level: 'error' },

  'traces-on': { number: 'MUSE0290', level: 'info' },
  'traces-failed': { number: 'MUSE0291', level: 'warn' },
  'traces-back': { number: 'MUSE0292', level: 'notice' },

  'chat-invalid': { number: 'MUSE0295', level: 'info' },
  'chat-unknown-model': { number: 'MUSE0296', level: 'info' },
  'chat-unknown-path': { number: 'MUSE0297', level: 'info' },
  'chat-other-method': { number: 'MUSE0298', level: 'info' },
  'prompt-invalid': { number: 'MUSE0299', level: 'info' },
} as const satisfies Record<string, EventInfo>;

export type EventName = keyof typeof EVENTS;
