/** A device that the kubelet has given to a container. */
export interface DeviceHolder {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** `nvidia.com/gpu` … */
  readonly resource: string;
  /** As the device plugin names it. */
  readonly deviceId: string;
}
