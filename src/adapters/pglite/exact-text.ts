const StandardDecoder = globalThis.TextDecoder;

/** Keeps U+FEFF where a text begins with it, unless told otherwise; the standard's default is to drop it. */
class ExactTextDecoder extends StandardDecoder {
  constructor(label?: string, options?: ConstructorParameters<typeof StandardDecoder>[1]) {
    super(label, { ignoreBOM: true, ...options });
  }
}

/**
 * Makes every decoder that is made later in this thread keep U+FEFF. PGlite decodes cells with a decoder of its own
 * that cannot be given options: without this two ids that differ in a leading U+FEFF would read as one.
 * For the engine's own thread only, before the engine is opened.
 */
export function decodeTextExactly(): void {
  globalThis.TextDecoder = ExactTextDecoder;
}
