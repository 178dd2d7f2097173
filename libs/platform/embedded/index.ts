export {
  startEmbeddedServices,
  stopEmbeddedServices,
  type EmbeddedServices,
  type EmbeddedServicesWish,
} from './start-embedded-services.js';
export { ensureDataDirectory } from './account.js';
