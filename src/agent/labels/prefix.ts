/**
 * What is wrong with a prefix of label keys, to be read after it; `undefined` for a good one. Source: Kubernetes
 * documentation, labels and selectors: a DNS subdomain and a slash; `kubernetes.io` and `k8s.io` are reserved.
 */
export function prefixProblem(prefix: string): string | undefined {
  if (prefix === '') return 'is empty: give one such as flexinfer.ai/';
  if (!prefix.endsWith('/')) return 'does not end with a slash';
  const domain = prefix.slice(0, -1);
  if (domain !== domain.toLowerCase()) return 'has upper-case letters';
  const part = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
  if (domain.length > 253 || !new RegExp(`^${part}(?:\\.${part})*$`).test(domain)) {
    return 'is no DNS name with a slash, such as flexinfer.ai/';
  }
  return isReservedDomain(domain) ? 'is reserved for Kubernetes or belongs to the labeller of a vendor' : undefined;
}

/**
 * Whether keys below a domain are somebody else's: Kubernetes' own, or those of the vendors' labellers, who also write
 * `gpu.product` and `gpu.count`.
 */
export function isReservedDomain(domain: string): boolean {
  return /(?:^|\.)(?:kubernetes\.io|k8s\.io|nvidia\.com|amd\.com|intel\.com)$/.test(domain);
}
