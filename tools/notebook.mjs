// Notebooks as files: what tests, benches and the soak open.

/**
 * @param {readonly (string | object)[]} cells sources of code cells, or whole cells
 * @param {string} [kernel] name of its kernel
 * @returns {object} what a notebook's file holds
 */
export function notebookOf(cells, kernel = 'python3') {
  return {
    cells: cells.map((cell, i) =>
      typeof cell === 'string'
        ? {
            cell_type: 'code',
            id: `c${i}`,
            execution_count: null,
            metadata: {},
            outputs: [],
            source: cell
          }
        : cell
    ),
    metadata: { kernelspec: { display_name: kernel, language: 'python', name: kernel } },
    nbformat: 4,
    nbformat_minor: 5
  };
}
