// The messages of `voice.v1`, as far as the web client uses them. The server's docs/reference has all of them.

export interface TurnSettings {
  mode?: 'auto' | 'manual';
  /** 0 (patient) to 1 (quick). */
  responsiveness?: number;
  barge_in?: boolean;
}

export interface SessionConfig {
  instructions?: string;
  voice?: string;
  language?: string;
  greeting?: string;
  audio?: { input_rate?: number; output_rate?: number };
  turn?: TurnSettings;
  tools?: { name: string; description: string; parameters: object }[];
  llm?: { model?: string; temperature?: number; max_tokens?: number };
}

export type ClientMessage =
  | { type: 'session.start'; config?: SessionConfig }
  | {
      type: 'session.resume';
      session: string;
      token: string;
      last_seq: number;
      response?: number;
      played_ms?: number;
    }
  | { type: 'session.update'; config: SessionConfig }
  | { type: 'session.end' }
  | { type: 'user.text'; text: string; interrupt?: boolean }
  | { type: 'interrupt' }
  | { type: 'playback'; response: number; played_ms: number }
  | { type: 'turn.start' }
  | { type: 'turn.commit' }
  | {
      type: 'tool.result';
      call: string;
      output?: unknown;
      error?: string;
      final?: boolean;
      speak?: 'now' | 'when_idle' | 'never';
    }
  | { type: 'context.add'; text: string; speak?: 'now' | 'when_idle' | 'never' }
  | { type: 'ack'; seq: number }
  | { type: 'ping'; t: number }
  | { type: 'pong'; t: number; t_ms?: number };

export interface Word {
  text: string;
  start_ms: number;
  end_ms: number;
}

/** Milliseconds after the end of the user's speech. */
export interface Latency {
  transcript_final?: number;
  turn_end?: number;
  first_token?: number;
  first_clause?: number;
  first_audio?: number;
  first_playback?: number;
}

export type StopReason = 'barge_in' | 'client' | 'replaced' | 'error';
export type ResponseStatus = 'completed' | 'interrupted' | 'failed';

/** By type, what a message carries besides `type`, `seq` and `t_ms`. */
export interface ServerMessages {
  'session.started': {
    session: string;
    token: string;
    config: SessionConfig;
    heartbeat_ms: number;
    resume_window_ms: number;
    limits?: { voices?: string[] };
    capture?: boolean;
  };
  'session.resumed': {
    session: string;
    from_seq: number;
    response?: number;
    position?: number;
    token?: string | null;
  };
  'session.updated': { config: SessionConfig };
  'session.ended': { reason: string };
  'speech.started': { turn: number; at_ms: number };
  'speech.stopped': { turn: number; at_ms: number };
  'transcript.partial': { turn: number; text: string; stable: number };
  'transcript.final': { turn: number; text: string; start_ms: number; end_ms: number };
  'response.started': { response: number; turn: number };
  'response.text': { response: number; delta: string };
  'response.words': { response: number; words: Word[] };
  'response.stop': { response: number; reason: StopReason; at_ms: number };
  'response.resume': { response: number; position: number };
  'response.done': {
    response: number;
    status: ResponseStatus;
    text: string;
    heard: string;
    latency?: Latency;
  };
  'tool.call': { call: string; response: number; name: string; arguments: object };
  'tool.cancelled': { call: string };
  error: {
    code: string;
    message: string;
    fatal?: boolean;
    field?: string;
    in_reply_to?: string | number;
    retry_after_ms?: number;
  };
  ping: { t: number };
  pong: { t: number };
}

export type ServerMessage = {
  [T in keyof ServerMessages]: { type: T; seq: number; t_ms: number } & ServerMessages[T];
}[keyof ServerMessages];

/** A binary frame from the server. */
export interface AudioFrame {
  response: number;
  /** Index of the first sample within the response. */
  position: number;
  /** Whether it is the last frame of the response. */
  last: boolean;
  samples: Int16Array;
}
