export * from './config/index.js';
export * from './embedded/index.js';
export * from './logging/index.js';
export { inTime } from './health/in-time.js';
export { ReadinessProbe, type ReadinessCheck } from './health/readiness.js';
export { decideDrivers, type DriverDecision } from './local-compute/decide-drivers.js';
export { detectLocalCompute, type LocalCompute } from './local-compute/detect-local-compute.js';
export {
  Counter,
  createMetrics,
  Gauge,
  Histogram,
  METRICS_CONTENT_TYPE,
  Registry,
  renderMetrics,
} from './metrics/metrics.js';
export { isOurMessage, type ChildMessage, type ProcessMetrics, type SupervisorMessage } from './processes/messages.js';
export {
  REFUSED_EXIT_CODE,
  SLOT_VARIABLE,
  type Ending,
  exitWithReason,
  exitWithSupervisor,
  isSupervised,
  processSlot,
  reportReady,
} from './processes/supervised-process.js';
export { parseTraceparent, withSpan } from './tracing/trace-context.js';
export { inSpan, openSpan, startTracing, type SpanFacts } from './tracing/tracing.js';
export { PRODUCT_VERSION } from './version.js';
