/** Every scoring backend there may be. Where several are equally fast, the one named first serves. */
export const backendNames = ['tfjs-gpu', 'cuda', 'native', 'tfjs-node', 'tfjs-wasm', 'js'] as const;

export type BackendName = (typeof backendNames)[number];
