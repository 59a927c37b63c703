import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Catalogue, Result, Rule } from '../api/wire.ts';
import {
  type Draft,
  type DraftField,
  draftDefaults,
  type RuleKind,
  ruleKinds,
  ruleOf,
  withField,
} from '../ask/rule-draft.ts';
import { nameText, titleText } from '../words/format.ts';

interface RuleFormProps {
  readonly catalogue: Catalogue;
  /** What is shown now: documents that a rule may name. */
  readonly results: readonly Result[];
  readonly onAdd: (rule: Rule) => void;
  readonly onCancel: () => void;
}

/** One rule of any kind, from what the catalogue's schema offers. */
export function RuleForm({ catalogue, results, onAdd, onCancel }: RuleFormProps) {
  const [kind, setKind] = useState<RuleKind>('exclude');
  const [draft, setDraft] = useState<Draft>(() => firstDraft(catalogue));
  const set = useCallback((members: Draft) => setDraft((now) => ({ ...now, ...members })), []);
  return (
    <form
      class="rule-form"
      aria-label="A rule for this request"
      onSubmit={(event) => {
        event.preventDefault();
        onAdd(ruleOf(kind, draft, catalogue.schema.fields[draft.field ?? '']?.type));
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onCancel();
      }}
    >
      <label>
        <span>Kind</span>
        <select
          id="rule-kind"
          value={kind}
          onChange={({ currentTarget }) => setKind(currentTarget.value as RuleKind)}
        >
          {Object.entries(ruleKinds).map(([name, { says }]) => (
            <option key={name} value={name}>
              {nameText(name)}: {says}
            </option>
          ))}
        </select>
      </label>
      {ruleKinds[kind].asks.map((name) => (
        <DraftInput
          key={name}
          name={name}
          kind={kind}
          draft={draft}
          set={set}
          catalogue={catalogue}
          results={results}
        />
      ))}
      <div class="form-buttons">
        <button type="button" class="button" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" class="button primary">
          Add
        </button>
      </div>
    </form>
  );
}

/** The first facet, field and scale of the schema. */
function firstDraft({ schema }: Catalogue): Draft {
  const fields = Object.entries(schema.fields);
  const [scaled, field] = fields.find(([, { scale }]) => scale !== undefined) ?? [];
  const ordered = fields.find(([, { type }]) => type === 'number' || type === 'date')?.[0];
  const step = schema.scales[field?.scale ?? '']?.[0];
  return {
    ...draftDefaults,
    facet: schema.facets[0] ?? '',
    ...(ordered !== undefined && { field: ordered }),
    ...(scaled !== undefined && { scaled }),
    ...(step !== undefined && { step }),
  };
}

interface DraftInputProps {
  readonly name: DraftField;
  readonly kind: RuleKind;
  readonly draft: Draft;
  readonly set: (members: Draft) => void;
  readonly catalogue: Catalogue;
  readonly results: readonly Result[];
}

function DraftInput(props: DraftInputProps) {
  const { name, kind, draft, set, catalogue } = props;
  const { schema } = catalogue;
  if (name === 'facet')
    return <Choice label="Facet" name={name} draft={draft} set={set} options={schema.facets} />;
  if (name === 'field') {
    const dated = kind === 'freshness';
    const names = Object.entries(schema.fields)
      .filter(([, { type }]) => type === 'date' || (type === 'number' && !dated))
      .map(([field]) => field);
    const typeOf = (field: string | undefined) => schema.fields[field ?? '']?.type;
    const setField = ({ field = '' }: Draft) => set(withField(draft, field, typeOf));
    return <Choice label="Field" name={name} draft={draft} set={setField} options={names} />;
  }
  if (name === 'scaled') return <ScaledInput {...props} />;
  if (name === 'values' || name === 'id') return <SuggestedInput {...props} />;
  const isDate = schema.fields[draft.field ?? '']?.type === 'date';
  const isBound = name === 'from' || name === 'to';
  return (
    <label>
      <span>{titleText(name)}</span>
      <input
        id={`rule-${name}`}
        type={isBound && isDate ? 'date' : 'number'}
        step="any"
        required={!isBound}
        value={draft[name] ?? ''}
        onInput={({ currentTarget: { value } }) => set({ [name]: value })}
      />
    </label>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly name: keyof Draft;
  readonly draft: Draft;
  readonly set: (members: Draft) => void;
  readonly options: readonly string[];
}

function Choice({ label, name, draft, set, options }: ChoiceProps) {
  const chosen = draft[name] ?? '';
  const present = options.includes(chosen) ? chosen : (options[0] ?? '');
  // What is shown as chosen is what the rule gets.
  useEffect(() => {
    if (present !== chosen) set({ [name]: present });
  }, [present, chosen, name, set]);
  return (
    <label>
      <span>{label}</span>
      <select
        id={`rule-${name}`}
        value={present}
        onChange={({ currentTarget: { value } }) => set({ [name]: value })}
      >
        {options.map((option) => (
          <option key={option} value={option}>
            {nameText(option)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A field with an ordered scale, and a step of it. */
function ScaledInput({ draft, set, catalogue }: DraftInputProps) {
  const { fields, scales } = catalogue.schema;
  const names = Object.keys(fields).filter((name) => fields[name]?.scale !== undefined);
  const steps = scales[fields[draft.scaled ?? '']?.scale ?? ''] ?? [];
  return (
    <>
      <Choice label="Field" name="scaled" draft={draft} set={set} options={names} />
      <Choice label="At most" name="step" draft={draft} set={set} options={steps} />
    </>
  );
}

/** Values of the facet, or ids of the results, to choose from while typing. */
function SuggestedInput({ name, kind, draft, set, catalogue, results }: DraftInputProps) {
  const values = catalogue.facets[draft.facet ?? ''] ?? [];
  const isOne = kind === 'minShare' || kind === 'pin';
  const label = name === 'id' ? (isOne ? 'Id' : 'Ids, with commas') : isOne ? 'Value' : 'Values, with commas';
  return (
    <label>
      <span>{label}</span>
      <input
        id={`rule-${name}`}
        list={`rule-${name}-list`}
        required
        autocomplete="off"
        spellcheck={false}
        value={draft[name] ?? ''}
        onInput={({ currentTarget: { value } }) => set({ [name]: value })}
      />
      <datalist id={`rule-${name}-list`}>
        {name === 'values'
          ? values.map(({ value }) => <option key={value} value={value} />)
          : results.map(({ id, title }) => <option key={id} value={id} label={title} />)}
      </datalist>
    </label>
  );
}
