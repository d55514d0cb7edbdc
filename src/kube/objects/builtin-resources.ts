import { resource } from './resource.ts';

/** The kinds that come with Kubernetes and that somebody here reads or writes. */
export const builtin = {
  bindings: resource('v1', 'Binding', 'bindings'),
  configMaps: resource('v1', 'ConfigMap', 'configmaps'),
  customResourceDefinitions: resource(
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    'customresourcedefinitions',
    'cluster',
  ),
  deployments: resource('apps/v1', 'Deployment', 'deployments'),
  events: resource('v1', 'Event', 'events'),
  jobs: resource('batch/v1', 'Job', 'jobs'),
  leases: resource('coordination.k8s.io/v1', 'Lease', 'leases'),
  namespaces: resource('v1', 'Namespace', 'namespaces', 'cluster'),
  nodes: resource('v1', 'Node', 'nodes', 'cluster'),
  persistentVolumeClaims: resource('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  persistentVolumes: resource('v1', 'PersistentVolume', 'persistentvolumes', 'cluster'),
  podDisruptionBudgets: resource('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  pods: resource('v1', 'Pod', 'pods'),
  replicaSets: resource('apps/v1', 'ReplicaSet', 'replicasets'),
  secrets: resource('v1', 'Secret', 'secrets'),
  serviceAccounts: resource('v1', 'ServiceAccount', 'serviceaccounts'),
  services: resource('v1', 'Service', 'services'),
} as const;
