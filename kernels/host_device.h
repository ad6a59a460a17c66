// LATHE_DEVICE marks a function that processors and GPUs compile alike.
#pragma once

#ifdef __CUDACC__
#define LATHE_DEVICE __host__ __device__
#else
#define LATHE_DEVICE
#endif
