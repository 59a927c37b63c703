import { TriptychError } from '../errors.ts';

export function documentNotFound(): TriptychError {
  const message = 'there is no document of this id';
  return new TriptychError('document_not_found', message, { fields: [{ path: 'id', message }] });
}
