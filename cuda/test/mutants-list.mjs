// Faults planted into copies of the kernels, one at a time: each must fail its test. A change is
// [name, text to find (exactly once), text to put there, why it changes nothing (equivalent mutants alone)].

const barrier = '\n  __syncthreads();';

export const mutatedKernels = [
  {
    file: 'simt.cuh',
    test: 'rerank-test',
    changes: [
      ['warp sum without its first step', 'step = TP_WARP / 2; step > 0', 'step = TP_WARP / 4; step > 0'],
      ['warp sum without its last step', 'step > 0; step /= 2) value', 'step > 1; step /= 2) value'],
      ['warp sum of half a warp', '__shfl_xor_sync(TP_FULL_MASK, value', '__shfl_xor_sync(0xffffu, value'],
    ],
  },
  {
    file: 'device-batch.cuh',
    test: 'rerank-test',
    changes: [
      ['resident rows: < as <=', 'number < first;', 'number <= first;'],
      ['rows as far apart as they are long', '* block->rows.stride', '* block->rows.dimension'],
      ['rows of a segment not cut out', 'row & ((1u << block->shift) - 1u);', 'row;'],
      ['scales of the first segment', 'block->scales[row >> block->shift]', 'block->scales[0]'],
    ],
  },
  {
    file: 'row-chunk.cuh',
    test: 'rerank-test',
    changes: [
      ['upper half shifted by 15', 'pairs[i] >> 16', 'pairs[i] >> 15'],
      ['only two int8 of a word', '8 * (i % 4)', '8 * (i % 2)'],
      ['the fourth component twice the third', 'x.w, sums[3]', 'x.z, sums[3]'],
      [
        'four products of a chunk left out',
        /(void tp_add_products\([\s\S]*?i < )TpChunk<Stored>::size/,
        '$14',
      ],
    ],
  },
  {
    file: 'hard-mask.cuh',
    test: 'rerank-test',
    changes: [
      ['tail off by one', 'candidate >= batch->candidate_count', 'candidate > batch->candidate_count'],
      ['rule 0 passes: < as <=', 'rule < 0 ? 1 : 0', 'rule <= 0 ? 1 : 0'],
      ['counts rule 0 never: >= as >', 'if (rule >= 0) atomicAdd', 'if (rule > 0) atomicAdd'],
      ['counts without an atomic', /atomicAdd\(&(batch->dropped\[.*\]), 1u\);/, '$1 += 1u;'],
      ['row of the block for its number', 'row, number, stack', 'row, row, stack'],
    ],
  },
  {
    file: 'gather-dot.cuh',
    test: 'rerank-test',
    changes: [
      ['tail off by one', 'candidate >= batch->candidate_count', 'candidate > batch->candidate_count'],
      ['one chunk too many: < as <=', 'i < stride; i +=', 'i <= stride; i +='],
      ['wrong stride of lanes', 'i += TP_WARP * size', 'i += TP_WARP'],
      ['first lane of the block alone', 'threadIdx.x % TP_WARP == 0', 'threadIdx.x == 0'],
      ['every lane writes', 'if (first_lane) batch->query_cosines', 'batch->query_cosines'],
      ['int8 without its scale', 'sum * static_cast<double>(tp_row_scale(block, row))', 'sum'],
      ['only what was dropped', 'batch->passes[candidate] == 0)', 'batch->passes[candidate] != 0)'],
      [
        'taste with the query',
        'tp_warp_cosine(block, row, request->taste)',
        'tp_warp_cosine(block, row, request->query)',
      ],
    ],
  },
  {
    file: 'fused-score.cuh',
    test: 'rerank-test',
    changes: [
      ['tail off by one', 'candidate >= batch->candidate_count', 'candidate > batch->candidate_count'],
      [
        'nine facets at once: >= as >',
        'facet - first >= TP_FACETS_AT_ONCE',
        'facet - first > TP_FACETS_AT_ONCE',
      ],
      ['wrong stride of facet groups', 'first += TP_FACETS_AT_ONCE', 'first += TP_FACETS_AT_ONCE + 1'],
      ['one facet value too many: < as <=', 'i < value_count; i++', 'i <= value_count; i++'],
      ['two dislikes make a liking', 'zero ? 0 : product', 'product'],
      ['keys of dropped candidates', 'batch->passes[candidate] != 0', 'batch->passes[candidate] < 2'],
    ],
  },
  {
    file: 'top-rows.cuh',
    test: 'select-test',
    changes: [
      ['barrier dropped: bins cleared', `bins[i] = 0;${barrier}`, 'bins[i] = 0;'],
      ['barrier dropped: bins counted', `1u);\n  }${barrier}`, '1u);\n  }'],
      ['barrier dropped: digit chosen', `shift - 8;\n    }\n  }${barrier}`, 'shift - 8;\n    }\n  }'],
      ['__syncwarp dropped', '    __syncwarp();\n', ''],
      [
        'barrier dropped: entries taken',
        `payloads[i];\n  }${barrier}\n  /* Equal`,
        'payloads[i];\n  }\n  /* Equal',
      ],
      ['barrier dropped: equal keys taken', `left--;\n    }\n  }${barrier}`, 'left--;\n    }\n  }'],
      ['barrier dropped: padded', `UINT32_MAX;\n  }${barrier}`, 'UINT32_MAX;\n  }'],
      ['barrier dropped: sorted', '\n      __syncthreads();\n    }\n  }\n}', '\n    }\n  }\n}'],
      [
        'barrier moved into a branch',
        '        }\n      }\n      __syncthreads();',
        '        }\n      __syncthreads();\n      }',
      ],
      ['barrier dropped: state begun', `0, 0};${barrier}`, '0, 0};'],
      ['barrier dropped: keys counted', `&state->equal, own);${barrier}`, '&state->equal, own);'],
      [
        'barrier dropped: before the limit is written',
        `<= segment.limit;${barrier}`,
        '<= segment.limit;',
        'no word that is written behind it is read before it',
      ],
      ['the wanted entry ends a bin: <= as <', 'wanted <= above + own', 'wanted < above + own'],
      ['the bin that is just enough: < as <=', 'above + bins[bin] < wanted', 'above + bins[bin] <= wanted'],
      ['own bins counted as higher: > as >=', 'if (other > lane)', 'if (other >= lane)'],
      ['sums of half a warp', '__shfl_sync(TP_FULL_MASK, own', '__shfl_sync(0xffffu, own'],
      [
        'sort without its last step',
        'step > 0; step /= 2) {\n      for',
        'step > 1; step /= 2) {\n      for',
      ],
      ['wrong direction', '(a & run) == 0', '(a & step) == 0'],
      ['later payloads first', 'payload < other_payload', 'payload > other_payload'],
      [
        'payloads: < as <=',
        'payload < other_payload',
        'payload <= other_payload',
        'payloads of a list differ; two unused places are equal, and swapping them changes nothing',
      ],
      [
        'tail off by one: unused places',
        'i < segment.limit; i += TP_TOP_BLOCK) out_keys',
        'i + 1 < segment.limit; i += TP_TOP_BLOCK) out_keys',
      ],
      [
        'tail off by one: keys',
        'const uint64_t key = keys[i];\n    const uint64_t high',
        'const uint64_t key = keys[i + 1];\n    const uint64_t high',
      ],
      [
        'one place too few',
        'TP_SHARED(uint64_t, best, TP_TOP_LIMIT_MAX)',
        'TP_SHARED(uint64_t, best, TP_TOP_LIMIT_MAX - 1)',
      ],
      [
        'exactly the limit passes: <= as <',
        'state->equal <= segment.limit',
        'state->equal < segment.limit',
        'as many as the limit: nothing is left to find, and the empty prefix takes all',
      ],
      ['equal keys twice', 'threadIdx.x == 0 && !whole', 'threadIdx.x == 0'],
      ['equal keys never', 'high == prefix && !whole', 'high == prefix'],
      ['taken without an atomic', 'atomicAdd(&state->taken, 1u);', 'state->taken++;'],
      [
        'payloads without their base',
        'best_payloads[at] = payloads == nullptr ? base + i',
        'best_payloads[at] = payloads == nullptr ? i',
      ],
      ['wrong stride of threads', 'i < taken; i += TP_TOP_BLOCK', 'i < taken; i += TP_WARP'],
    ],
  },
  {
    file: 'flat-scan.cuh',
    test: 'scan-test',
    changes: [
      ['tail off by one: rows', 'if (row_a >= row_count)', 'if (row_a > row_count)'],
      ['tail off by one: the second row', 'row_a + 1 >= row_count', 'row_a + 1 > row_count'],
      [
        'the lonely row twice',
        'first_lane && !alone',
        'first_lane',
        'the second row is the first then, and so are its sums and its key',
      ],
      [
        'tail off by one: queries',
        'if (first_query + q >= scan->query_count) continue;\n      const',
        'if (first_query + q > scan->query_count) continue;\n      const',
      ],
      ['rows that the mask leaves out', 'scan->mask[row] != 0 ? key : 0', 'key'],
      [
        'keys of later queries behind the others',
        'tp_write_scan_key(scan, q, row_a',
        'tp_write_scan_key(scan, first_query + q, row_a',
      ],
      ['only pairs that both pass', 'scan->mask[row_a] != 0 || ', 'scan->mask[row_a] != 0 && '],
      ['wrong stride of lanes', 'i += TP_WARP * size', 'i += TP_WARP * 4'],
      ['one chunk too many: < as <=', 'i < stride; i +=', 'i <= stride; i +='],
    ],
  },
  {
    file: 'exact-dot.cuh',
    test: 'scan-test',
    changes: [
      ['tail off by one: pairs', 'own < pair_count ? own', 'own <= pair_count ? own'],
      ['sums of half the lanes', '  sum += __shfl_xor_sync(TP_FULL_MASK, sum, 4);\n', ''],
      ['mask of eight lanes', '__shfl_xor_sync(TP_FULL_MASK, sum, 2)', '__shfl_xor_sync(0xffu, sum, 2)'],
      ['an unused place: < as <=', 'pair % limit < counts', 'pair % limit <= counts'],
      ['one component too many: < as <=', 'i < dimension; i +=', 'i <= dimension; i +='],
      ['lanes that leave early', '  double sum = used ?', '  if (!used) return;\n  double sum = used ?'],
    ],
  },
  {
    file: 'gram.cuh',
    test: 'gram-test',
    changes: [
      ['barrier dropped: tiles loaded', 'right);\n    __syncthreads();\n    tp_add', 'right);\n    tp_add'],
      ['barrier dropped: tiles used', 'sums);\n    __syncthreads();\n  }', 'sums);\n  }'],
      ['tail off by one: pairs', 'j >= count) return', 'j > count) return'],
      ['tail off by one: items', 'item < gram->count', 'item <= gram->count'],
      [
        'one component too many: < as <=',
        'i < gram->resident.rows.dimension',
        'i <= gram->resident.rows.dimension',
      ],
      [
        'wrong stride of tile rows',
        'at / TP_GRAM_DEPTH * TP_GRAM_PITCH',
        'at / TP_GRAM_DEPTH * TP_GRAM_DEPTH',
      ],
      ['four running sums', 'sums[k % 8]', 'sums[k % 4]'],
      ['tiles on the diagonal left out', 'first_j < first_i', 'first_j <= first_i'],
      ['the first scale twice', 'scaled * tp_gram_scale(gram, j)', 'scaled * tp_gram_scale(gram, i)'],
    ],
  },
];
