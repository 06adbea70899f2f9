/** Of a chunk of a chat completion what is used here; nothing of it is certain. */
export interface Chunk {
  readonly choices?: readonly Choice[] | null;
  readonly usage?: {
    readonly prompt_tokens?: unknown;
    readonly completion_tokens?: unknown;
  } | null;
  readonly error?: unknown;
}

export interface Choice {
  readonly delta?: Delta | null;
  readonly finish_reason?: unknown;
}

/** Reasoning is called `reasoning_content` (DeepSeek, vLLM) or `reasoning` (Ollama, others). */
export interface Delta {
  readonly content?: unknown;
  readonly reasoning_content?: unknown;
  readonly reasoning?: unknown;
  readonly refusal?: unknown;
  readonly tool_calls?: unknown;
  readonly function_call?: unknown;
}
