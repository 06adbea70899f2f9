export { Gate } from './gate.ts';
export { scriptByName } from './named.ts';
export { numberedPage, samplePage } from './pages.ts';
export type { Ending } from './player.ts';
export {
  type ProviderOptions,
  type Scripted,
  type ScriptedProvider,
  startProvider,
} from './provider.ts';
export type { RecordedRequest } from './recording.ts';
export * from './script.ts';
