import type { Baymodel, BaymodelFields } from '@baykeeper/domain';
import type { PatchDocument, PatchRules } from '../validation/json-patch.js';
import type { BaymodelBody } from './baymodel.schema.js';

/** The fields of a body that has passed its schema; what depends on the catalogue or the engine is filled in later. */
export function fieldsOfBody(body: BaymodelBody, name: string): BaymodelFields {
  return {
    name,
    coe: body.coe,
    imageId: body.image_id,
    flavorId: body.flavor_id,
    masterFlavorId: body.master_flavor_id,
    keypairId: body.keypair_id,
    dnsNameserver: body.dns_nameserver,
    externalNetworkId: body.external_network_id,
    fixedNetwork: body.fixed_network,
    fixedSubnet: body.fixed_subnet,
    networkDriver: body.network_driver,
    volumeDriver: body.volume_driver,
    apiserverPort: body.apiserver_port,
    dockerVolumeSize: body.docker_volume_size,
    dockerStorageDriver: body.docker_storage_driver,
    clusterDistro: body.cluster_distro,
    httpProxy: body.http_proxy,
    httpsProxy: body.https_proxy,
    noProxy: body.no_proxy,
    insecureRegistry: body.insecure_registry,
    registryEnabled: body.registry_enabled,
    tlsDisabled: body.tls_disabled,
    public: body.public,
    hidden: body.hidden,
    masterLbEnabled: body.master_lb_enabled,
    floatingIpEnabled: body.floating_ip_enabled,
    serverType: body.server_type,
    labels: body.labels ?? {},
    tags: body.tags,
    driver: body.driver ?? null,
  };
}

/** The same fields in the names of the wire. */
export function documentOf(fields: BaymodelFields) {
  return {
    name: fields.name,
    coe: fields.coe,
    image_id: fields.imageId,
    flavor_id: fields.flavorId,
    master_flavor_id: fields.masterFlavorId,
    keypair_id: fields.keypairId,
    dns_nameserver: fields.dnsNameserver,
    external_network_id: fields.externalNetworkId,
    fixed_network: fields.fixedNetwork,
    fixed_subnet: fields.fixedSubnet,
    network_driver: fields.networkDriver,
    volume_driver: fields.volumeDriver,
    apiserver_port: fields.apiserverPort,
    docker_volume_size: fields.dockerVolumeSize,
    docker_storage_driver: fields.dockerStorageDriver,
    cluster_distro: fields.clusterDistro,
    http_proxy: fields.httpProxy,
    https_proxy: fields.httpsProxy,
    no_proxy: fields.noProxy,
    insecure_registry: fields.insecureRegistry,
    registry_enabled: fields.registryEnabled,
    tls_disabled: fields.tlsDisabled,
    public: fields.public,
    hidden: fields.hidden,
    master_lb_enabled: fields.masterLbEnabled,
    floating_ip_enabled: fields.floatingIpEnabled,
    server_type: fields.serverType,
    labels: fields.labels,
    tags: fields.tags,
    driver: fields.driver,
  } satisfies PatchDocument;
}

/** Magnum's rules for patches of templates. */
export const BAYMODEL_PATCH_RULES: PatchRules = {
  internal: new Set(),
  mandatory: new Set([
    'image_id',
    'coe',
    'network_driver',
    'external_network_id',
    'tls_disabled',
    'public',
    'server_type',
    'registry_enabled',
    'cluster_distro',
    'hidden',
  ]),
  maps: new Set(['labels']),
  integers: new Set(['apiserver_port', 'docker_volume_size']),
};

/** The names of the fields in which two baymodels differ. */
export function changedFields(before: BaymodelFields, after: BaymodelFields): readonly string[] {
  const old: PatchDocument = documentOf(before);
  // Labels are a map: their text, with the keys in order, is compared.
  const text = (value: unknown): string =>
    JSON.stringify(
      typeof value === 'object' && value !== null ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : value,
    );
  return Object.entries(documentOf(after)).flatMap(([name, value]) => (text(old[name]) === text(value) ? [] : [name]));
}

/** The body of a response without what only a request knows (links) and the family decides. */
export function baymodelWire(baymodel: Baymodel) {
  return {
    uuid: baymodel.id,
    ...documentOf(baymodel),
    project_id: baymodel.projectId,
    user_id: baymodel.userId,
    created_at: baymodel.createdAt,
    updated_at: baymodel.updatedAt,
  };
}
