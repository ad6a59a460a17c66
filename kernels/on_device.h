// LATHE_DEVICE marks a function for the host and the device when nvcc compiles it.
#pragma once

#ifdef __CUDACC__
#define LATHE_DEVICE __host__ __device__
#else
#define LATHE_DEVICE
#endif
