// The same for tests.
#include <gtest/gtest.h>

#include "scripts/precompiled/library.h"
