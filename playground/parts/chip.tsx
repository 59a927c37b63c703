import { Icon } from './icon.tsx';

interface ChipProps {
  readonly kind: string;
  readonly text: string;
  /** Absent: it is not this request's to take away. */
  readonly onRemove?: () => void;
}

export function Chip({ kind, text, onRemove }: ChipProps) {
  return (
    <li class={onRemove === undefined ? 'chip chip-fixed' : 'chip'}>
      <span class="chip-kind">{kind}</span>
      <span class="chip-text">{text}</span>
      {onRemove !== undefined && (
        <button type="button" aria-label={`Remove ${kind} ${text}`} onClick={onRemove}>
          <Icon name="close" />
        </button>
      )}
    </li>
  );
}
