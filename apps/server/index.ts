export { Supervisor, type SupervisorSettings } from './supervisor.js';
