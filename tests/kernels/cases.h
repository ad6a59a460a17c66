// The one list of problems that every backend is tested and measured on.
#pragma once

#include "tests/kernels/cases/add_norm.h"
#include "tests/kernels/cases/attention.h"
#include "tests/kernels/cases/attention_pool.h"
#include "tests/kernels/cases/embedding.h"
#include "tests/kernels/cases/gemm.h"
#include "tests/kernels/cases/losses.h"
#include "tests/kernels/cases/optimizer.h"
#include "tests/kernels/cases/rows.h"
