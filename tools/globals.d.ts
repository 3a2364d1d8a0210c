// What JupyterLab leaves on `window` when told to; our tools are its only users.
interface Window {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- reaches into many private places
  jupyterapp: any;
}
