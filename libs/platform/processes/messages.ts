/** What the server's supervisor and its children say to each other over the IPC channel between them. */
import type { MetricObject, MetricValue } from 'prom-client';

/** Metrics of one process, as prom-client gives and aggregates them. */
export type ProcessMetrics = (MetricObject & { values: MetricValue<string>[] })[];

export type ChildMessage =
  /** It does its work now. */
  | { readonly baykeeper: 'ready' }
  /** Asks for the metrics of all children. */
  | { readonly baykeeper: 'collect-metrics'; readonly id: string }
  /** Answers `report-metrics`. */
  | { readonly baykeeper: 'metrics'; readonly id: string; readonly metrics: ProcessMetrics };

export type SupervisorMessage =
  /** Another process has taken its place: it ends, and fails nobody who is still connected. */
  | { readonly baykeeper: 'retire' }
  | { readonly baykeeper: 'report-metrics'; readonly id: string }
  /** Answers `collect-metrics`. */
  | { readonly baykeeper: 'all-metrics'; readonly id: string; readonly metrics: readonly ProcessMetrics[] };

/** Node and its cluster module send messages of their own over the same channel; those have no such key. */
export function isOurMessage(message: unknown): message is ChildMessage | SupervisorMessage {
  return typeof message === 'object' && message !== null && 'baykeeper' in message;
}
