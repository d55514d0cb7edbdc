import type { GoSource } from './go-build.ts';
import { COREDNS_VERSION, ETCD_VERSION, KUBERNETES_VERSION, KWOK_VERSION } from './versions.ts';

const [major, minor] = KUBERNETES_VERSION.split('.');

/** In the order in which they are built: what is needed most comes first. */
export const KUBERNETES: GoSource<
  'kube-apiserver' | 'kubectl' | 'kube-controller-manager' | 'kube-scheduler' | 'kube-proxy' | 'kubelet'
> = {
  name: 'kubernetes',
  module: 'k8s.io/kubernetes',
  version: KUBERNETES_VERSION,
  programs: {
    'kube-apiserver': 'cmd/kube-apiserver',
    kubectl: 'cmd/kubectl',
    'kube-controller-manager': 'cmd/kube-controller-manager',
    'kube-scheduler': 'cmd/kube-scheduler',
    'kube-proxy': 'cmd/kube-proxy',
    kubelet: 'cmd/kubelet',
  },
  // Without these the programs report v0.0.0, and clients that look at the version go astray.
  variables: {
    'k8s.io/component-base/version.gitVersion': `v${KUBERNETES_VERSION}`,
    'k8s.io/component-base/version.gitMajor': String(major),
    'k8s.io/component-base/version.gitMinor': String(minor),
  },
};

/** Keeps fake nodes and their pods alive. */
export const KWOK: GoSource<'kwok'> = {
  name: 'kwok',
  module: 'sigs.k8s.io/kwok',
  version: KWOK_VERSION,
  programs: { kwok: 'cmd/kwok' },
  variables: { 'sigs.k8s.io/kwok/pkg/consts.Version': `v${KWOK_VERSION}` },
};

/** Debian's etcd is too old for the streamed lists (WatchList) that today's API servers offer. */
export const ETCD: GoSource<'etcd'> = {
  name: 'etcd',
  module: 'go.etcd.io/etcd/server/v3',
  version: ETCD_VERSION,
  programs: { etcd: '' },
  variables: {},
};

/** Answers the names of Services. */
export const COREDNS: GoSource<'coredns'> = {
  name: 'coredns',
  module: 'github.com/coredns/coredns',
  version: COREDNS_VERSION,
  programs: { coredns: '' },
  variables: {},
};
