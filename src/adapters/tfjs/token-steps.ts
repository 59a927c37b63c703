import { limits } from '../../limits.ts';

/**
 * Splits the texts of a batch, given their lengths in tokens, into steps that the model computes at once. A step is
 * padded to its longest text, so texts of like length go together, and count x longest stays within
 * limits.embedStepTokensMax (more at once is slower per text: the working set leaves the cache).
 * @returns indices into `lengths`; every index once
 */
export function stepsOf(lengths: readonly number[]): number[][] {
  const order = [...lengths.keys()].sort((a, b) => lengths[a]! - lengths[b]!);
  const steps: number[][] = [];
  let step: number[] = [];
  for (const index of order) {
    // Ascending, so this text would be the longest of the step.
    if (step.length > 0 && (step.length + 1) * lengths[index]! > limits.embedStepTokensMax) {
      steps.push(step);
      step = [];
    }
    step.push(index);
  }
  if (step.length > 0) steps.push(step);
  return steps;
}
