/**
 * The layout of an arena: one ArrayBuffer per slot that a call's requests lie in and its answers are written to. The
 * same numbers are in native/src/arena.h (a test compares them). Offsets are bytes from the arena's start, integers are
 * u32; sections lie below `answersAt`, what is written lies from there on. Names ending in Word count u32 from the
 * beginning of their record, those ending in Double f64.
 */
export const layout = {
  magic: 0x5450_4131,
  version: 1,

  kindRerank: 1,
  kindRescore: 2,
  kindGram: 3,
  kindScan: 4,

  magicWord: 0,
  versionWord: 1,
  kindWord: 2,
  answersAtWord: 3,
  requestCountWord: 4,
  requestsAtWord: 5,
  candidateCountWord: 6,
  rowsAtWord: 7,
  lexicalAtWord: 8,
  graphAtWord: 9,
  fusedAtWord: 10,
  rulesAtWord: 11,
  selectedAtWord: 12,
  selectedCountWord: 13,
  /** Offset of the transient block's record, 0: none. */
  transientAtWord: 14,
  facetCodeCountWord: 15,
  queryCountWord: 16,
  queriesAtWord: 17,
  scanLimitWord: 18,
  headerBytes: 128,

  weightsDouble: 0,
  loDouble: 9,
  hiDouble: 10,
  referenceMsDouble: 11,
  halfLifeMsDouble: 12,
  productMinDouble: 13,
  productMaxDouble: 14,
  formulaWord: 30,
  rankDepthWord: 31,
  firstWord: 32,
  countWord: 33,
  limitWord: 34,
  /** Offset 0: the vector is absent. */
  queryAtWord: 35,
  tasteAtWord: 36,
  preferencesPresentWord: 37,
  preferenceCountWord: 38,
  preferenceCodesAtWord: 39,
  preferenceValuesAtWord: 40,
  preferenceFacetsAtWord: 41,
  facetCountWord: 42,
  facetWeightsAtWord: 43,
  ruleCountWord: 44,
  ruleStartsAtWord: 45,
  codeAtWord: 46,
  instructionCountWord: 47,
  listsAtWord: 48,
  listCountWord: 49,
  constantsAtWord: 50,
  constantCountWord: 51,
  requestBytes: 208,

  transientRowCountWord: 0,
  transientStrideWord: 1,
  transientVectorsAtWord: 2,
  transientScalesAtWord: 3,
  transientTieRanksAtWord: 4,
  transientPopularityAtWord: 5,
  transientRecencyAtWord: 6,
  transientFacetStartsAtWord: 7,
  transientFacetCountsAtWord: 8,
  transientFacetValuesAtWord: 9,
  transientFacetValueCountWord: 10,
  transientFieldCountWord: 11,
  /** Offset of the offsets of the columns. */
  transientFieldsAtWord: 12,
  transientBytes: 56,
} as const;

/** backend.h: tp_tier and tp_formula. */
export const tierNumbers = { f32: 0, f16: 1, int8: 2 } as const;
export const formulaNumbers = { linear: 0, multiplicative: 1, rrf: 2 } as const;

/** TP_ABI_VERSION of native/include/triptych/backend.h. */
export const abiVersion = 1;
