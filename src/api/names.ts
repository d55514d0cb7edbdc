/** Every name that FlexInfer writes into or reads from a cluster. Users see them, so they never change within a version. */

export const API_GROUP = 'flexinfer.ai';
export const API_VERSION = 'flexinfer.ai/v1alpha1';
export const KIND = 'ModelDeployment';
export const PLURAL = 'modeldeployments';
export const SHORT_NAME = 'fmd';
export const DEFAULT_LABEL_PREFIX = 'flexinfer.ai/';

/** Node labels, without the configurable prefix. */
export const NODE_LABELS = {
  gpuVendor: 'gpu.vendor',
  gpuVram: 'gpu.vram',
  gpuArch: 'gpu.arch',
  gpuInt4: 'gpu.int4',
  cpuAvx512: 'cpu.avx512',
  gpuVramMiB: 'gpu.vram-mib',
  gpuCount: 'gpu.count',
  gpuMixed: 'gpu.mixed',
  gpuProduct: 'gpu.product',
  gpuDriver: 'gpu.driver',
  gpuMemoryType: 'gpu.memory-type',
  gpuMig: 'gpu.mig',
  gpuBf16: 'gpu.bf16',
  gpuFp8: 'gpu.fp8',
  gpuInt4Kernels: 'gpu.int4-kernels',
  cpuLevel: 'cpu.level',
  deviceClass: 'device-class',
} as const;

export const ANNOTATIONS = {
  featureLabels: 'flexinfer.ai/feature-labels',
  deviceClass: 'flexinfer.ai/device-class',
  costPerHour: 'flexinfer.ai/cost-per-hour',
  cost: 'flexinfer.ai/cost',
  requirements: 'flexinfer.ai/requirements',
  placement: 'flexinfer.ai/placement',
} as const;

export const POD_LABELS = {
  modelDeployment: 'flexinfer.ai/model-deployment',
  name: 'app.kubernetes.io/name',
  instance: 'app.kubernetes.io/instance',
  component: 'app.kubernetes.io/component',
  managedBy: 'app.kubernetes.io/managed-by',
  partOf: 'app.kubernetes.io/part-of',
} as const;

export const CONDITION_TYPES = [
  'Ready',
  'ModelResolved',
  'Benchmarked',
  'Schedulable',
  'Serving',
  'KVTierEffective',
  'Degraded',
] as const;

export const CONDITION_REASONS = [
  'NoMatchingNodes',
  'NoDevicePlugin',
  'PartitionUnsupported',
  'VramInsufficient',
  'VendorMismatch',
  'Int4Unsupported',
  'BenchmarkRunning',
  'BenchmarkFailed',
  'BenchmarkStale',
  'BetterPlacementAvailable',
  'ModelNotFound',
  'AuthRequired',
  'DigestMismatch',
  'UnsupportedArtifact',
  'NoSpace',
  'CacheNotShared',
  'ImageNotPinned',
  'RunningOnCpu',
  'RolloutInterrupts',
  'PromptCacheOnly',
  'TierIgnored',
  'SpeedFloorUnmet',
  'SpeedUnknown',
] as const;
