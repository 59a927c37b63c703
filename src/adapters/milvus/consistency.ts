import type { ConsistencyLevelEnum } from '@zilliz/milvus2-sdk-node';

export type Consistency = 'Strong' | 'Bounded';

/** As text, whatever the SDK's types say: it takes the number of `Strong`, 0, for none given. */
export function consistencyLevel(consistency: Consistency): ConsistencyLevelEnum {
  return consistency as unknown as ConsistencyLevelEnum;
}
