import { testKernel } from './suite';

testKernel('ipykernel-7.4');
