import { createHash } from 'node:crypto';

const hex = (seed: string, length: number) => createHash('sha256').update(seed).digest('hex').slice(0, length);
const uid = (seed: string) => hex(seed, 32).replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');

function managedFields(names: readonly string[]): object[] {
  const fields = Object.fromEntries(
    names.map((name) => [`f:${name}`, { '.': {}, 'f:name': {}, 'f:value': {}, 'f:lastTransitionTime': {} }]),
  );
  return ['kubelet', 'kube-controller-manager'].map((manager) => ({
    manager,
    operation: 'Update',
    apiVersion: 'v1',
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:metadata': fields, 'f:status': fields },
  }));
}

function conditions(types: readonly string[], index: number): object[] {
  return types.map((type) => ({
    type,
    status: 'True',
    lastHeartbeatTime: `2026-01-01T00:${String(index % 60).padStart(2, '0')}:00Z`,
    lastTransitionTime: '2026-01-01T00:00:00Z',
    reason: `Kubelet${type}`,
    message: `kubelet has the condition ${type} and says so at length`,
  }));
}

/** A Node of about 10 KB of JSON, half of it images, as kubelets write it. */
export function fakeNode(index: number): object {
  const name = `node-${index}`;
  const quantities = { cpu: '64', memory: `${263_000_000 + index}Ki`, pods: '110', 'ephemeral-storage': '99Gi' };
  return {
    metadata: {
      name,
      uid: uid(name),
      resourceVersion: String(100_000 + index),
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/os': 'linux',
        'node.kubernetes.io/instance-type': `type-${index % 8}`,
        'topology.kubernetes.io/region': 'region-1',
        'topology.kubernetes.io/zone': `region-1-${'abc'[index % 3]}`,
        'example.org/pool': `pool-${index % 12}`,
      },
      annotations: { 'node.alpha.kubernetes.io/ttl': '0', 'example.org/address': `10.${index % 256}.0.1` },
      managedFields: managedFields(['labels', 'annotations', 'conditions', 'images', 'capacity', 'allocatable']),
    },
    spec: { podCIDR: `10.${index % 256}.0.0/24`, providerID: `example:///${uid(`vm ${name}`)}` },
    status: {
      capacity: quantities,
      allocatable: quantities,
      conditions: conditions(['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'], index),
      addresses: [
        { type: 'InternalIP', address: `10.1.${index >> 8}.${index % 256}` },
        { type: 'Hostname', address: name },
      ],
      nodeInfo: {
        machineID: hex(`machine ${name}`, 32),
        systemUUID: uid(`system ${name}`),
        bootID: uid(`boot ${name}`),
        kernelVersion: '6.1.0-30-amd64',
        osImage: 'Debian GNU/Linux 12 (bookworm)',
        containerRuntimeVersion: 'containerd://1.7.24',
        kubeletVersion: 'v1.34.3',
      },
      images: Array.from({ length: 25 }, (_, image) => ({
        names: [
          `registry.example/team/image-${image}@sha256:${hex(`image ${image}`, 64)}`,
          `registry.example/team/image-${image}:v1.${image}`,
        ],
        sizeBytes: 100_000_000 + image,
      })),
    },
  };
}

/** A Pod of about 5 KB of JSON: two containers, tokens, tolerations and conditions as they come by default. */
export function fakePod(index: number): object {
  const owner = `app-${index % 400}-${hex(`owner ${index % 400}`, 10)}`;
  const name = `${owner}-${index.toString(36).padStart(5, '0')}`;
  const volumeMounts = [
    { name: 'kube-api-access', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
  ];
  const images = ['main', 'sidecar'].map((container) => `registry.example/team/${container}-${index % 40}:v2`);
  return {
    metadata: {
      name,
      generateName: `${owner}-`,
      namespace: `namespace-${index % 50}`,
      uid: uid(name + index),
      resourceVersion: String(200_000 + index),
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { app: `app-${index % 400}`, 'pod-template-hash': hex(owner, 10), team: `team-${index % 20}` },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: owner,
          uid: uid(owner),
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields: managedFields(['labels', 'ownerReferences', 'conditions', 'containers']),
    },
    spec: {
      volumes: [
        {
          name: 'kube-api-access',
          projected: {
            sources: [
              { serviceAccountToken: { expirationSeconds: 3_607, path: 'token' } },
              { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
            ],
            defaultMode: 420,
          },
        },
      ],
      containers: images.map((image, position) => ({
        name: position === 0 ? 'main' : 'sidecar',
        image,
        env: Array.from({ length: 4 }, (_, each) => ({
          name: `SETTING_${each}`,
          value: `value ${each} of ${index % 400}`,
        })),
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
        volumeMounts,
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        imagePullPolicy: 'IfNotPresent',
      })),
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      nodeName: `node-${index % 5_000}`,
      schedulerName: 'default-scheduler',
      tolerations: ['not-ready', 'unreachable'].map((taint) => ({
        key: `node.kubernetes.io/${taint}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      })),
    },
    status: {
      phase: 'Running',
      conditions: conditions(['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'], index),
      hostIP: `10.1.${(index % 5_000) >> 8}.${index % 256}`,
      podIP: `10.2.${(index >> 8) % 256}.${index % 256}`,
      startTime: '2026-01-01T00:00:00Z',
      containerStatuses: images.map((image, position) => ({
        name: position === 0 ? 'main' : 'sidecar',
        state: { running: { startedAt: '2026-01-01T00:00:01Z' } },
        ready: true,
        restartCount: 0,
        image,
        imageID: `registry.example/team/image@sha256:${hex(image, 64)}`,
        containerID: `containerd://${hex(name + position, 64)}`,
        started: true,
      })),
    },
  };
}
