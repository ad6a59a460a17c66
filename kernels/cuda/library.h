// The functions of a library of CUDA's that is found when the program runs: it also runs on
// machines that lack the library. Under the emulator they are stand-ins, linked in.
//
// A struct declares them from a list, and fills itself:
//   #define MY_FUNCTIONS(each) each(fooCreate) each(fooDestroy)
//   struct Functions {
//     MY_FUNCTIONS(LATHE_DECLARE)
//     bool find(void* library) { return MY_FUNCTIONS(LATHE_FIND) true; }
//   };
#pragma once

#include "kernels/cuda/device.h"

#ifdef __CUDACC__
#include <dlfcn.h>
#endif

// NOLINTNEXTLINE(bugprone-macro-parentheses)
#define LATHE_DECLARE(name) decltype(&::name) name;

#ifdef __CUDACC__
// NOLINTNEXTLINE(bugprone-macro-parentheses)
#define LATHE_FIND(name) \
  (name = reinterpret_cast<decltype(name)>(dlsym(library, #name))) != nullptr&&
#else
// NOLINTNEXTLINE(bugprone-macro-parentheses)
#define LATHE_FIND(name) ((name = &::name), true)&&
#endif

// "libfoo.so." LATHE_TEXT(FOO_MAJOR), of a macro that stands for a number.
#define LATHE_TEXT_OF(token) #token
#define LATHE_TEXT(macro) LATHE_TEXT_OF(macro)

namespace lathe::LATHE_CUDA {

// The functions of `file`, looked for once for each type, which is the caller's own. Null where the
// machine has no such library, or one without some of them.
template <class Functions>
const Functions* functions_of([[maybe_unused]] const char* file) {
  static Functions found;
  static const bool complete = [&] {
#ifdef __CUDACC__
    void* library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    return library != nullptr && found.find(library);
#else
    return found.find(nullptr);
#endif
  }();
  return complete ? &found : nullptr;
}

}  // namespace lathe::LATHE_CUDA
