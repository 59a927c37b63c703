import { z } from 'zod';
import { type Warning, warningCodes } from '../domain/warning.ts';
import { components } from './components.ts';

/** Why an answer is not quite what was asked for. */
export const warningSchema = z
  .strictObject({
    code: z.enum(warningCodes).meta({ description: 'Stable; what programs should branch on.' }),
    message: z.string(),
    wanted: z.number().optional().meta({ description: 'What a rule asks for.' }),
    got: z.number().optional().meta({ description: 'What the list allowed.' }),
  })
  .register(components, { id: 'Warning' });

export function warningToWire({ code, message, wanted, got }: Warning): z.output<typeof warningSchema> {
  return {
    code,
    message,
    ...(wanted !== undefined && { wanted }),
    ...(got !== undefined && { got }),
  };
}
