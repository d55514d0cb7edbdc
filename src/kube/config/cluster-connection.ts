/** Who the client is for one request. All absent: anonymous. */
export interface Credentials {
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string | undefined;
  /** PEM, both or neither. */
  readonly clientCertificate?: { readonly cert: string; readonly key: string } | undefined;
}

/** Where credentials come from. Sources cache: asking for every request is cheap. */
export interface CredentialSource {
  /**
   * The credentials to use now.
   *
   * @throws KubeConfigError when there are none, as when a program that should print them fails
   */
  readonly current: (signal: AbortSignal) => Promise<Credentials>;
  /**
   * Says that the server answered 401 to `used`.
   *
   * @returns whether `current` may give others now, so that another attempt makes sense
   */
  readonly refused: (used: Credentials) => boolean;
}

/** How one API server is reached: everything but the requests. */
export interface ClusterConnection {
  /** For messages: where this configuration comes from. */
  readonly source: string;
  /** `https://host:port`, possibly with a path in front of `/api`. */
  readonly server: URL;
  /** Where objects go when nobody says otherwise. */
  readonly namespace: string;
  /** PEM of the authorities that may sign the server's certificate; `undefined`: those Node trusts. */
  readonly certificateAuthority: () => Promise<string | undefined>;
  readonly credentials: CredentialSource;
  /** The name expected in the server's certificate, if not the host of `server`. */
  readonly tlsServerName?: string | undefined;
  /** Accepts any server certificate. */
  readonly insecureSkipTlsVerify?: boolean | undefined;
  /** `http://` or `https://`. */
  readonly proxyUrl?: URL | undefined;
}

/** Credentials that never change. */
export function fixedCredentials(credentials: Credentials): CredentialSource {
  return { current: async () => credentials, refused: () => false };
}
