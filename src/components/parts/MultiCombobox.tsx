/** The searched field of several values: its tokens are reached and removed from the keyboard. */
import { useMultipleSelection } from 'downshift';
import type { ComponentProps } from 'react';

import { Combobox } from './Combobox';
import type { Option } from './choices';
import { Tokens } from './Tokens';

type Props = Omit<ComponentProps<typeof Combobox>, 'children' | 'inputProps'>;

/** Arrow left at the start of the field goes to the tokens; Backspace there or in the field removes. */
export function MultiCombobox(props: Props): JSX.Element {
  const { picker, input } = props;
  const { chosen } = picker;
  const selection = useMultipleSelection<Option>({
    selectedItems: chosen as Option[],
    onSelectedItemsChange: ({ selectedItems }) => {
      const gone = chosen.findIndex(option => !selectedItems.includes(option));
      if (gone >= 0) {
        picker.remove(gone);
      }
    }
  });
  const remove = (position: number): void => {
    selection.setActiveIndex(-1);
    picker.remove(position);
    input.current?.focus();
  };
  const buttonProps = (index: number): Record<string, unknown> =>
    selection.getSelectedItemProps({ selectedItem: chosen[index] as Option, index });
  return (
    <Combobox {...props} inputProps={selection.getDropdownProps()}>
      <Tokens chosen={chosen} onRemove={remove} buttonProps={buttonProps} />
    </Combobox>
  );
}
