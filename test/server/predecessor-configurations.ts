/** Two configurations as people have them of the module's predecessor, in its names alone. */

export interface Backends {
  readonly first: string;
  readonly second: string;
}

/** What one needs. */
export const minimal = ({ first }: Backends): readonly string[] => [
  'MuseAiEnable On',
  `MuseAiEndpoint ${first}`,
  'MuseAiModel llama3.2',
  'AddHandler ai-file-handler .ai',
];

/** Every name. */
export const full = ({ first, second }: Backends, promptsDir: string): readonly string[] => [
  'MuseAiEnable On',
  `MuseAiEndpoint ${first}`,
  'MuseAiApiKey key-of-predecessor',
  'MuseAiModel qwen3',
  'MuseAiTimeout 60',
  'MuseAiDebug Off',
  'MuseAiStreaming On',
  'MuseAiMaxTokens 4096',
  `MuseAiPromptsDir "${promptsDir}"`,
  'MuseAiPromptsMinify On',
  'MuseAiCacheEnable On',
  'MuseAiCacheTTL 600',
  'MuseAiCacheMaxEntries 1000',
  'MuseAiCacheKeyPrefix muse:',
  'MuseAiPoolMaxConnections 10',
  'MuseAiPoolConnectionTimeout 30',
  'MuseAiPoolIdleTimeout 60',
  'MuseAiPoolEnableKeepAlive On',
  'MuseAiRateLimitEnable On',
  'MuseAiRateLimitRPM 600',
  'MuseAiRateLimitBurstSize 20',
  'MuseAiRateLimitWhitelistIPs 127.0.0.1,10.0.0.0/8',
  'MuseAiMetricsEnable On',
  'MuseAiMetricsEndpoint /metrics',
  'MuseAiMetricsIncludeRequestDetails Off',
  'MuseAiReasoningModelPattern my-thinker',
  'MuseAiReasoningModelPattern other-thinker',
  'MuseAiReasoningDisableThinking On',
  `MuseAiBackendEndpoint ${first}`,
  `MuseAiBackendEndpoint ${second}`,
  'MuseAiLoadBalanceMethod round_robin',
  'MuseAiHealthCheckInterval 30',
  'MuseAiStreamingBufferSize 8192',
  'MuseAiStreamingChunkSize 1024',
  'MuseAiStreamingSanitizationEnable On',
  'MuseAiSecurityMaxRequestSize 1M',
  'MuseAiSecurityValidateContentType On',
  'MuseAiSecurityAllowedOrigins https://www.example.com',
  'MuseAiConnectTimeout 10',
  'MuseAiReadTimeout 60',
  'MuseAiWriteTimeout 60',
  'MuseAiMaxRetries 3',
  'MuseAiRetryDelayMs 250',
  '<Location "/health">',
  '  SetHandler health-handler',
  '</Location>',
  '<Location "/stats">',
  '  SetHandler metrics-handler',
  '</Location>',
];

/** Its directives that do nothing here. */
export const idle: readonly string[] = [
  'MuseAiCacheMaxEntries',
  'MuseAiCacheKeyPrefix',
  'MuseAiMetricsIncludeRequestDetails',
  'MuseAiHealthCheckInterval',
  'MuseAiStreamingBufferSize',
  'MuseAiStreamingChunkSize',
  'MuseAiStreamingSanitizationEnable',
  'MuseAiSecurityValidateContentType',
  'MuseAiWriteTimeout',
];
