/**
 * How Node is started for the agent. It makes little garbage, and with the default room for it, 48 MiB, V8 lets the
 * memory grow for nothing.
 */
export const AGENT_NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=1'];
