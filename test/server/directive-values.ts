/** A line that httpd must refuse, and what the message has to say besides the directive's name. */
export type WrongLine = readonly [line: string, says: RegExp];

const flags = [
  'MuseAiEnable',
  'MuseAiProtectSource',
  'MuseAiScripts',
  'MuseAiPromptsMinify',
  'MuseAiCacheEnable',
  'MuseAiRateLimitEnable',
  'MuseAiStreaming',
  'MuseAiDebug',
  'MuseAiMetricsEnable',
  'MuseAiReasoningDisableThinking',
  'MuseAiPoolEnableKeepAlive',
  'MuseAiStreamingSanitizationEnable',
  'MuseAiMetricsIncludeRequestDetails',
  'MuseAiSecurityValidateContentType',
];

const numbers: readonly (readonly [string, number, number, string])[] = [
  ['MuseAiTimeout', 1, 86_400, 'MuseAiTimeout 300'],
  ['MuseAiMaxTokens', 0, 200_000, 'MuseAiMaxTokens 16384'],
  ['MuseAiCacheTTL', 0, 31_536_000, 'MuseAiCacheTTL 300'],
  ['MuseAiCacheStale', 0, 31_536_000, 'MuseAiCacheStale 60'],
  ['MuseAiCacheStaleOnError', 0, 31_536_000, 'MuseAiCacheStaleOnError 86400'],
  ['MuseAiRateLimitRPM', 1, 10_000, 'MuseAiRateLimitRPM 60'],
  ['MuseAiRateLimitBurstSize', 1, 10_000, 'MuseAiRateLimitBurstSize 20'],
  ['MuseAiEngines', 1, 16, 'MuseAiEngines 1'],
  ['MuseAiConnectTimeout', 1, 86_400, 'MuseAiConnectTimeout 10'],
  ['MuseAiReadTimeout', 1, 86_400, 'MuseAiReadTimeout 60'],
  ['MuseAiMaxRetries', 0, 10, 'MuseAiMaxRetries 2'],
  ['MuseAiRetryDelayMs', 0, 60_000, 'MuseAiRetryDelayMs 500'],
  ['MuseAiPoolMaxConnections', 1, 100, 'MuseAiPoolMaxConnections 10'],
  ['MuseAiPoolConnectionTimeout', 1, 86_400, 'MuseAiPoolConnectionTimeout 30'],
  ['MuseAiPoolIdleTimeout', 1, 3_600, 'MuseAiPoolIdleTimeout 4'],
  ['MuseAiStreamingBufferSize', 1_024, 65_536, 'MuseAiStreamingBufferSize 8192'],
  ['MuseAiStreamingChunkSize', 1, 65_536, 'MuseAiStreamingChunkSize 1024'],
  ['MuseAiCacheMaxEntries', 1, 100_000_000, 'MuseAiCacheMaxEntries 1000'],
  ['MuseAiHealthCheckInterval', 1, 86_400, 'MuseAiHealthCheckInterval 30'],
  ['MuseAiWriteTimeout', 1, 86_400, 'MuseAiWriteTimeout 30'],
];

const longName = 'm'.repeat(128);

const others: readonly WrongLine[] = [
  [`MuseAiModel ${longName}`, /longer than 127 bytes/],
  ['MuseAiModel "a\tb"', /control character/],
  ['MuseAiModelHeader "X Model"', /"X Model" is not the name of a request header/],
  ['MuseAiModelHeader X-Model:', /such as X-Muse-Model, or Off/],
  ['MuseAiCsp "default-src self"', /self needs single quotes .*'self'/],
  ['MuseAiCsp "img-src \'self\'; script-src None"', /None needs single quotes/],
  ['MuseAiCsp https://example.com', /"https:\/\/example.com" is not the name of a directive/],
  ['MuseAiCsp "img-src é"', /one line of ASCII/],
  ['MuseAiCacheBypass Yes', /"Yes" is none of Local .*On .*Off/],
  ['MuseAiEnv 1ST', /"1ST" is not the name of an environment variable/],
  ['MuseAiEnv GOOD not-good', /"not-good" is not the name of an environment variable/],
  ['MuseAiRateLimitWhitelistIPs localhost', /"localhost" is not an IP address or network/],
  ['MuseAiRateLimitWhitelistIPs 300.1.1.1', /for example: .*10\.0\.0\.0\/8 2001:db8::\/32/],
  ['MuseAiRateLimitWhitelistIPs 127.0.0.1 10.0.0.0/33', /"10\.0\.0\.0\/33" is not/],
  ['MuseAiRateLimitWhitelistIPs 2001:db8::/129', /"2001:db8::\/129" is not/],
  ['MuseAiRateLimitStatus 200', /an HTTP error status from 400 to 599; .*Status 429/],
  ['MuseAiRateLimitStatus 600', /an HTTP error status from 400 to 599/],
  ['MuseAiRateLimitStatus "Too Many"', /an HTTP error status from 400 to 599/],
  ['MuseAiRateLimitStatus 499', /no HTTP status 499; 429 and 503 are usual/],
  ['MuseAiEndpoint api.openai.com', /not an http:\/\/ or https:\/\/ URL/],
  ['MuseAiEndpoint ftp://example.com/v1', /not an http:\/\/ or https:\/\/ URL/],
  ['MuseAiEndpoint https://', /not an http:\/\/ or https:\/\/ URL/],
  ['MuseAiEndpoint "https://exa mple.com/v1"', /not an http:\/\/ or https:\/\/ URL/],
  ['MuseAiApiKey "sk-not to be told"', /white space/],
  ...['512K', '65G', '64X', '64MB', '-1', '1.5M', 'lots'].map(
    (value): WrongLine => [
      `MuseAiSharedMemory ${value}`,
      /not a size from 1M to 64G; .*for example: MuseAiSharedMemory 64M/,
    ],
  ),
  ...['1023', '257M', '2MB', '-1', 'lots'].map(
    (value): WrongLine => [
      `MuseAiMaxPageSize ${value}`,
      /not a size from 1K to 256M; .*for example: MuseAiMaxPageSize 2M/,
    ],
  ),
  ...['0', '257K', '1M', '2MB', '-1', 'lots'].map(
    (value): WrongLine => [
      `MuseAiMaxInput ${value}`,
      /not a size from 1 to 256K; .*for example: MuseAiMaxInput 16K/,
    ],
  ),
  ...['1023', '11M', '2MB', '-1', 'lots'].map(
    (value): WrongLine => [
      `MuseAiSecurityMaxRequestSize ${value}`,
      /not a size from 1K to 10M; .*for example: MuseAiSecurityMaxRequestSize 1M/,
    ],
  ),
  ['MuseAiEndpoint https://ann:secret@example.com/v1', /^(?!.*secret).*say MuseAiApiKey/m],
  ['MuseAiEndpoint https://example.com/v1?a=b', /has a "\?" or "#"/],
  ['MuseAiBackendEndpoint https://example.com/v1#a', /has a "\?" or "#"/],
  ['MuseAiBackendEndpoint gpu1.example.com', /not an http:\/\/ or https:\/\/ URL/],
  ['MuseAiBackendEndpoint http://a/v1 http://a/v1', /http:\/\/a\/v1 stands here twice; .*"weight"/],
  [
    `MuseAiBackendEndpoint ${Array.from({ length: 33 }, (_, i) => `http://h${i}/v1`).join(' ')}`,
    /more than 32 of them/,
  ],
  ['MuseAiLoadBalanceMethod fastest', /"fastest" is none of round_robin, random and least_conn/],
  ['MuseAiReasoningModelPattern "r1\t"', /a control character; .*Pattern deepseek-r1/],
  ['MuseAiMetricsEndpoint metrics', /"metrics" is not the path of a URL; .*Endpoint \/metrics/],
  ['MuseAiMetricsEndpoint /metrics?format=json', /is not the path of a URL/],
  ...['www.example.com', 'https://www.example.com/', 'https://a@b', 'null'].map(
    (value): WrongLine => [
      `MuseAiSecurityAllowedOrigins ${value}`,
      /is not an origin; .*Origins https:\/\/www\.example\.com, or \* for all/,
    ],
  ),
  ['MuseAiCacheKeyPrefix a b', /takes one argument, no effect/],
  ['MuseAiAbandoned Keep', /"Keep" is neither Cancel .* nor Finish/],
  ['MuseAiTimeout 1 2', /takes one argument, seconds that a whole page may take/],
];

/** httpd itself refuses an empty word as a missing one, and tells our text for the directive. */
const empty = [
  ['MuseAiModel', 'name of the model'],
  ['MuseAiModelHeader', 'request header that picks a model .*, or Off'],
  ['MuseAiCsp', 'Content-Security-Policy of generated pages, or Off'],
  ['MuseAiPromptsDir', 'folder with system_prompt and layout'],
  ['MuseAiCacheTTL', 'seconds an answer stays fresh'],
  ['MuseAiCacheBypass', 'who may skip the cache .*Local .*, On or Off'],
  ['MuseAiEnv', 'environment variables'],
  ['MuseAiRateLimitWhitelistIPs', 'addresses and networks'],
  ['MuseAiEndpoint', 'URL of the provider'],
  ['MuseAiApiKey', 'key for MuseAiEndpoint'],
  ['MuseAiModels', 'the file models.json'],
  ['MuseAiNode', 'the Node.js program'],
  ['MuseAiEngine', "the engine's script"],
  ['MuseAiSharedMemory', 'memory for cached pages'],
  ['MuseAiBackendEndpoint', 'URLs of providers'],
] as const;

/** At least one for each directive. */
export const wrong: readonly WrongLine[] = [
  ...flags.map((name): WrongLine => [`${name} maybe`, /must be On or Off/]),
  ...numbers.flatMap(([name, min, max, example]) =>
    [String(min - 1), String(max + 1), 'many', '1.5', '5s', '99999999999999999999'].map(
      (value): WrongLine => [
        `${name} ${value}`,
        new RegExp(`not a whole number of .* from ${min} to ${max}; for example: ${example}`),
      ],
    ),
  ),
  ...others,
  ...empty.map(([name, says]): WrongLine => [`${name} ""`, new RegExp(`argument, ${says}`)]),
];

/** Where a directive may stand: in .htaccess too, in <Directory> too, in <VirtualHost>, once. */
export type Context = 'htaccess' | 'directory' | 'host' | 'global';

/** Lines that httpd must take, for each directive the bounds of what it takes. */
export const right: readonly (readonly [Context, ...string[]])[] = [
  ['htaccess', 'MuseAiEnable On', 'MuseAiEnable off'],
  ['directory', 'MuseAiProtectSource Off'],
  ['htaccess', 'MuseAiModel gpt-4o-mini', 'MuseAiModel "a name with blanks, ünd mehr"'],
  ['directory', 'MuseAiModelHeader X-Other', 'MuseAiModelHeader Off'],
  ['directory', 'MuseAiTimeout 1', 'MuseAiTimeout 86400'],
  ['directory', 'MuseAiMaxTokens 0', 'MuseAiMaxTokens 200000'],
  ['directory', 'MuseAiMaxPageSize 1K', 'MuseAiMaxPageSize 256M', 'MuseAiMaxPageSize 4096'],
  ['directory', 'MuseAiAbandoned cancel', 'MuseAiAbandoned Finish'],
  ['directory', 'MuseAiPromptsDir conf/prompts', 'MuseAiPromptsDir /srv/prompts'],
  ['directory', 'MuseAiPromptsMinify On'],
  ['directory', 'MuseAiScripts On'],
  ['directory', 'MuseAiCsp off', 'MuseAiCsp "default-src \'none\'; img-src https: *.example.com"'],
  ['htaccess', 'MuseAiCacheEnable Off'],
  ['htaccess', 'MuseAiCacheTTL 0', 'MuseAiCacheTTL 31536000'],
  ['directory', 'MuseAiCacheBypass Local', 'MuseAiCacheBypass on', 'MuseAiCacheBypass OFF'],
  ['htaccess', 'MuseAiEnv SITE_NAME _x y1'],
  ['directory', 'MuseAiRateLimitEnable On'],
  ['directory', 'MuseAiRateLimitRPM 1', 'MuseAiRateLimitRPM 10000'],
  ['directory', 'MuseAiRateLimitBurstSize 1', 'MuseAiRateLimitBurstSize 10000'],
  ['directory', 'MuseAiRateLimitWhitelistIPs 127.0.0.1 10.0.0.0/8,192.0.2.7 2001:db8::/32 ::1'],
  ['directory', 'MuseAiRateLimitStatus 503', 'MuseAiRateLimitStatus 429'],
  ['host', 'MuseAiEndpoint http://127.0.0.1:11434/v1', 'MuseAiEndpoint HTTPS://example.com/v1'],
  ['host', 'MuseAiApiKey sk-0123456789'],
  ['host', 'MuseAiBackendEndpoint http://a/v1 http://b/v1', 'MuseAiBackendEndpoint https://c'],
  [
    'host',
    ...['round_robin', 'RANDOM', 'least_connections'].map((m) => `MuseAiLoadBalanceMethod ${m}`),
  ],
  ['host', 'MuseAiConnectTimeout 1', 'MuseAiConnectTimeout 86400'],
  ['host', 'MuseAiReadTimeout 1', 'MuseAiReadTimeout 86400'],
  ['host', 'MuseAiMaxRetries 0', 'MuseAiMaxRetries 10'],
  ['host', 'MuseAiRetryDelayMs 0', 'MuseAiRetryDelayMs 60000'],
  ['host', 'MuseAiPoolMaxConnections 1', 'MuseAiPoolMaxConnections 100'],
  ['host', 'MuseAiPoolConnectionTimeout 1', 'MuseAiPoolConnectionTimeout 86400'],
  ['host', 'MuseAiReasoningModelPattern r1', 'MuseAiReasoningModelPattern "Big Thinker" o1'],
  ['host', 'MuseAiReasoningDisableThinking Off'],
  ['host', 'MuseAiDebug Off'],
  ['host', 'MuseAiMetricsEnable On'],
  ['host', 'MuseAiMetricsEndpoint /metrics'],
  ['htaccess', 'MuseAiStreaming Off', 'MuseAiStreaming on'],
  ['directory', 'MuseAiSecurityMaxRequestSize 1K', 'MuseAiSecurityMaxRequestSize 10M'],
  [
    'directory',
    'MuseAiSecurityAllowedOrigins https://a.example http://b.example:8080,https://c',
    'MuseAiSecurityAllowedOrigins *',
  ],
  ['directory', 'MuseAiStreamingBufferSize 1024', 'MuseAiStreamingBufferSize 65536'],
  ['directory', 'MuseAiStreamingChunkSize 1024'],
  ['directory', 'MuseAiStreamingSanitizationEnable on', 'MuseAiStreamingSanitizationEnable OFF'],
  ['directory', 'MuseAiCacheMaxEntries 1000'],
  ['directory', 'MuseAiCacheKeyPrefix muse:'],
  ['directory', 'MuseAiMetricsIncludeRequestDetails Off'],
  ['directory', 'MuseAiSecurityValidateContentType On'],
  ['directory', 'MuseAiHealthCheckInterval 30'],
  ['directory', 'MuseAiWriteTimeout 30'],
  ['global', 'MuseAiPoolIdleTimeout 1', 'MuseAiPoolIdleTimeout 3600'],
  ['global', 'MuseAiPoolEnableKeepAlive Off'],
  ['global', 'MuseAiModels conf/models.json', 'MuseAiModels /nowhere/models.json'],
  ['global', 'MuseAiSharedMemory 1M', 'MuseAiSharedMemory 1g', 'MuseAiSharedMemory 2097152'],
  ['global', 'MuseAiEngines 1', 'MuseAiEngines 16'],
  ['global', 'MuseAiNode bin/node'],
  ['global', 'MuseAiEngine lib/engine.js'],
];
