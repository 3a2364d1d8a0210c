import { testKernel } from './suite';

testKernel('ipykernel-6.31');
