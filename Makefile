# Lathe: make · make test · make demo · make mrpc MRPC=dir · make bench · make ladder · make peers · make install
#        make guards UPDATE=1 (counts of instructions) · make cuda-check (on a machine with a GPU) · make cuda-programs · make lint · make asan · make ubsan · make tsan · make fuzz FUZZ_SECONDS=60 · make clean
# V=1: whole commands instead of a line for each file
# Needs nothing set up by hand: scripts/setup.sh installs what is missing, or prints the line that does.

# On every core, unless told otherwise (make -j1).
ifeq ($(MAKELEVEL),0)
  MAKEFLAGS += -j$(shell nproc)
endif

FLAVOUR ?= release
OUT     := build/$(FLAVOUR)
PREFIX  ?= /usr/local

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wvla -Werror -Wno-psabi
# -ffp-contract=off: the definition of an op does not change with the compiler's taste for fused multiply-add.
CXXFLAGS := -std=c++20 -O2 -g1 -fopenmp -ffp-contract=off $(WARNINGS) -I.
LDFLAGS  := -fopenmp
LDLIBS   := -lutf8proc -llz4 -lzstd -lz -ldl

ifeq ($(FLAVOUR),asan)
  # Undefined behaviour too: one build finds both. `ubsan` is for looking at it alone.
  CXXFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
  LDFLAGS  += -fsanitize=address,undefined
else ifeq ($(FLAVOUR),ubsan)
  CXXFLAGS += -fsanitize=undefined -fno-sanitize-recover=all
  LDFLAGS  += -fsanitize=undefined
else ifeq ($(FLAVOUR),tsan)
  # clang: its OpenMP runtime tells ThreadSanitizer about its barriers, GCC's does not.
  CXX      := clang++
  CXXFLAGS += -fsanitize=thread
  LDFLAGS  += -fsanitize=thread
else ifeq ($(FLAVOUR),fuzz)
  CXX      := clang++
  CXXFLAGS += -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
  LDFLAGS  += -fsanitize=address,undefined
endif

# ---- sources ---------------------------------------------------------------------------------------------------------
LIBRARY_DIRS := base kernels kernels/reference tensor nn tokenize data train
LIBRARY := $(foreach d,$(LIBRARY_DIRS),$(wildcard $(d)/*.cpp))
PROGRAM := $(wildcard train/cli/*.cpp)
TEST_DIRS := base kernels tensor nn tokenize data train bench
EXAMPLES := $(patsubst %.cpp,$(OUT)/%,$(wildcard examples/*.cpp))
# Each source of bench/ is a suite; they share bench/support/ and what the tests have made.
BENCHES  := $(patsubst %.cpp,$(OUT)/%,$(wildcard bench/*.cpp))
BENCH_SUPPORT := $(patsubst %.cpp,$(OUT)/%.o,$(wildcard bench/support/*.cpp)) $(OUT)/tests/kernels/compare.o \
                 $(OUT)/tests/made_text.o $(OUT)/tests/temporary_directory.o
LADDER   := $(OUT)/bench/ladder/ladder
FUZZERS  := $(patsubst %.cpp,$(OUT)/%,$(wildcard tests/fuzz/fuzz_*.cpp))

# Code for the processor: one source, one object and one namespace per instruction set. A file under amx/ stands there
# for the one of the same name; text has no use for bfloat16s and matrices.
CPU_SOURCES := $(wildcard kernels/cpu/*.cpp tokenize/cpu/*.cpp data/cpu/*.cpp)
CPU_FLAGS   := -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math
ISAS        := baseline avx2 avx512 avx512_bf16 amx
FLAGS_baseline := -march=x86-64
FLAGS_avx2     := -march=haswell
FLAGS_avx512   := -march=skylake-avx512 -mprefer-vector-width=512
FLAGS_avx512_bf16 := $(FLAGS_avx512) -mavx512bf16
FLAGS_amx      := $(FLAGS_avx512_bf16) -mamx-tile -mamx-bf16
AMX_SOURCES := $(wildcard kernels/cpu/amx/*.cpp)
ARITHMETIC  := $(filter kernels/%,$(CPU_SOURCES))
sources_of_avx512_bf16 := $(ARITHMETIC)
sources_of_amx := $(filter-out $(AMX_SOURCES:kernels/cpu/amx/%=kernels/cpu/%),$(ARITHMETIC)) $(AMX_SOURCES)
sources_of   = $(or $(sources_of_$(1)),$(CPU_SOURCES))

# The CUDA backend, where nvcc is; else kernels/no_cuda.cpp and train/no_nccl.cpp say that there is none. The checked flavours do without.
CUDA_HOME ?= /usr/local/cuda
NVCC      ?= $(firstword $(wildcard $(CUDA_HOME)/bin/nvcc) $(shell command -v nvcc))
CUDA_SOURCES := $(wildcard kernels/cuda/*.cu train/*.cu)
ifneq ($(FLAVOUR),release)
  NVCC :=
endif
ifneq ($(NVCC),)
  LIBRARY := $(filter-out kernels/no_cuda.cpp train/no_nccl.cpp,$(LIBRARY))
  CUDA_OBJECTS := $(CUDA_SOURCES:%.cu=$(OUT)/%.o)
  # Machine code for A100 and H100, and what the driver of any later GPU compiles for itself.
  HOPPER    := -gencode arch=compute_90a,code=sm_90a
  GPUS      := -gencode arch=compute_80,code=[sm_80,compute_80] $(HOPPER)
  NVCCFLAGS := -std=c++20 -O3 -lineinfo -I. -Werror all-warnings -Xcompiler -Wall,-Wextra
  # The runtime is linked in, and finds the driver by itself: the program starts on machines without a GPU.
  LDLIBS += -L$(CUDA_HOME)/lib64 -lcudart_static -lrt -lpthread
endif

# MPI, where its compiler is: a library of its own beside the program, which loads it under mpirun or srun.
MPICXX ?= $(shell command -v mpicxx)
ifneq ($(FLAVOUR),release)
  MPICXX :=
endif
MPI_LIBRARY := $(if $(MPICXX),$(OUT)/lathe_mpi.so)

# The ladder's steps, for the instruction sets that differ in floats; its program and its test are made of the same.
LADDER_OBJECTS := $(patsubst %.cpp,$(OUT)/%.o,$(filter-out %/main.cpp,$(wildcard bench/ladder/*.cpp))) \
                  $(foreach isa,baseline avx2 avx512,$(patsubst %.cpp,$(OUT)/%.$(isa).o,$(wildcard bench/ladder/cpu/*.cpp))) \
                  $(OUT)/bench/support/peaks.o $(OUT)/tests/kernels/compare.o

# The GPU's ladder and figures: what the programs and their tests share.
GPU_LADDER_SOURCES := $(wildcard bench/ladder/cuda/*.cu)
GPU_LADDER_HOST    := $(OUT)/bench/ladder/gpu/ladder.o
GPU_BENCH_HOST     := $(patsubst %.cpp,$(OUT)/%.o,$(filter-out %/main.cpp,$(wildcard bench/gpu/*.cpp)))

LIBRARY_OBJECTS := $(LIBRARY:%.cpp=$(OUT)/%.o) \
                   $(foreach isa,$(ISAS),$(patsubst %.cpp,$(OUT)/%.$(isa).o,$(call sources_of,$(isa)))) $(CUDA_OBJECTS)
PROGRAM_OBJECTS := $(PROGRAM:%.cpp=$(OUT)/%.o)
TESTS           := $(foreach d,$(TEST_DIRS),$(if $(wildcard tests/$(d)/*.cpp),$(OUT)/tests/$(d)_test))

.PHONY: all test guards demo mrpc mrpc-text bench ladder cuda-check cuda-programs peers peers-tokenizer install lint asan ubsan tsan fuzz run-fuzzers clean setup fetched check-includes
.DELETE_ON_ERROR:
.SECONDARY:

all: build/lathe build/liblathe.a $(MPI_LIBRARY)
ifeq ($(NVCC)$(FLAVOUR),release)
	@echo "lathe: no nvcc here (CUDA_HOME=$(CUDA_HOME)): built for the CPU alone"
endif
ifeq ($(MPICXX)$(FLAVOUR),release)
	@echo "lathe: no mpicxx here (apt-get install libopenmpi-dev openmpi-bin): built for one host, without mpirun"
endif

ifeq ($(FLAVOUR),release)
build/lathe: $(OUT)/lathe
	@ln -sf release/lathe $@
build/liblathe.a: $(OUT)/liblathe.a
	@ln -sf release/liblathe.a $@
else
build/lathe build/liblathe.a: $(OUT)/lathe
endif

# ---- rules -----------------------------------------------------------------------------------------------------------
# A line for each file that is made; with V=1 the whole command.
said = $(if $(V),,@printf '  %-8s%s\n' $(1) $@ && )

SETUP := $(OUT)/.setup

$(SETUP): scripts/setup.sh
	@mkdir -p $(@D)
	@FLAVOUR=$(FLAVOUR) scripts/setup.sh
	@touch $@

# The standard headers are half of what the compiler reads: once for all files saves a fifth of a build's time.
# Not for tests: GCC 12 warns of the standard's own strings there when they come precompiled.
PRECOMPILED := $(OUT)/precompiled.h
$(PRECOMPILED).gch: scripts/precompiled.h | $(SETUP)
	@cp $< $(PRECOMPILED)
	$(call said,CXX)$(CXX) $(CXXFLAGS) -x c++-header $< -o $@

$(OUT)/%.o: INCLUDED := -include $(PRECOMPILED)
$(OUT)/tests/%.o: INCLUDED :=
$(OUT)/%.o: %.cpp $(PRECOMPILED).gch | $(SETUP)
	@mkdir -p $(@D)
	$(call said,CXX)$(CXX) $(CXXFLAGS) $(INCLUDED) -MMD -MP -c $< -o $@

define isa_rule
$(OUT)/%.$(1).o: %.cpp | $$(SETUP)
	@mkdir -p $$(@D)
	$$(call said,CXX)$$(CXX) $$(CXXFLAGS) $$(CPU_FLAGS) $$(FLAGS_$(1)) -DLATHE_ISA=$(1) -MMD -MP -c $$< -o $$@
endef
$(foreach isa,$(ISAS),$(eval $(call isa_rule,$(isa))))

# wgmma is sm_90a's own: no other GPU can take that code.
$(addprefix $(OUT)/,kernels/cuda/gemm_wgmma.o bench/ladder/cuda/peak_wgmma.o): GPUS := $(HOPPER)
GPU_LADDER_OBJECTS := $(GPU_LADDER_SOURCES:%.cu=$(OUT)/%.o)
$(CUDA_OBJECTS) $(GPU_LADDER_OBJECTS) $(OUT)/tests/kernels/gemm_by_cut.o: $(OUT)/%.o: %.cu | $(SETUP)
	@mkdir -p $(@D)
	$(call said,NVCC)$(NVCC) $(NVCCFLAGS) $(GPUS) -MMD -MP -c $< -o $@

# The same sources for the emulator of tests/simt/, by the host's compiler. The calls that ThreadSanitizer asks for
# at every access are answered by the emulator itself; AddressSanitizer excludes them.
SIMT_FLAGS := -Itests/simt $(if $(filter asan,$(FLAVOUR)),,-fsanitize=thread)
$(OUT)/%.simt.o: %.cu | $(SETUP)
	@mkdir -p $(@D)
	$(call said,CXX)$(CXX) $(CXXFLAGS) $(SIMT_FLAGS) -MMD -MP -x c++ -c $< -o $@

# The archive is made only from a tree whose includes follow the dependency direction.
$(OUT)/.includes: scripts/check_includes.sh $(wildcard $(addsuffix /*.h,$(LIBRARY_DIRS) kernels/cpu kernels/cpu/amx kernels/cuda)) $(LIBRARY) $(CPU_SOURCES) $(AMX_SOURCES) $(CUDA_SOURCES)
	@mkdir -p $(@D)
	@scripts/check_includes.sh
	@touch $@

check-includes: $(OUT)/.includes

$(OUT)/liblathe.a: $(LIBRARY_OBJECTS) $(OUT)/.includes
	@rm -f $@
	@$(AR) rcs $@ $(LIBRARY_OBJECTS)

$(OUT)/lathe: $(PROGRAM_OBJECTS) $(OUT)/liblathe.a
	$(call said,LINK)$(CXX) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(OUT)/lathe_mpi.so: train/mpi/library.cpp train/mpi/library.h | $(SETUP)
	@mkdir -p $(@D)
	$(call said,MPICXX)$(MPICXX) -std=c++20 -O2 $(WARNINGS) -I. -fPIC -shared -Wl,--as-needed $< -o $@

$(OUT)/examples/%: $(OUT)/examples/%.o $(OUT)/liblathe.a
	$(call said,LINK)$(CXX) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(OUT)/bench/%: $(OUT)/bench/%.o $(BENCH_SUPPORT) $(OUT)/liblathe.a
	$(call said,LINK)$(CXX) $(LDFLAGS) $^ -lbenchmark -lpthread $(LDLIBS) -o $@

$(LADDER): $(OUT)/bench/ladder/main.o $(LADDER_OBJECTS) $(OUT)/liblathe.a
	$(call said,LINK)$(CXX) $(LDFLAGS) $^ $(LDLIBS) -o $@

# What needs a GPU to run; `make cuda-check` runs it. These programs need nothing of another machine but the libraries of C
# and C++ and the driver (and cublasLt, if it is there), so that they can be built here and run there.
GPU_TEST   := $(OUT)/gpu/cuda_test
GPU_BENCH  := $(OUT)/gpu/bench
GPU_LADDER := $(OUT)/gpu/ladder
GPU_PROGRAMS := $(GPU_TEST) $(GPU_BENCH) $(GPU_LADDER)
GPU_LIBS = -Wl,-Bstatic $(if $(filter %_test,$@),-lgtest_main -lgtest) -lutf8proc -llz4 -lzstd -lz -lgomp -Wl,-Bdynamic \
            -ldl -L$(CUDA_HOME)/lib64 -lcudart_static -lrt -lpthread
$(GPU_TEST): $(patsubst %.cpp,$(OUT)/%.o,$(wildcard tests/cuda/*.cpp)) $(OUT)/tests/kernels/gemm_by_cut.o \
             $(OUT)/tests/train/tiny_task.o $(OUT)/tests/temporary_directory.o
$(GPU_BENCH): $(OUT)/bench/gpu/main.o $(GPU_BENCH_HOST)
$(GPU_LADDER): $(OUT)/bench/ladder/gpu/main.o $(GPU_LADDER_HOST) $(GPU_LADDER_OBJECTS)
$(GPU_PROGRAMS): $(OUT)/tests/kernels/compare.o $(OUT)/liblathe.a
	@mkdir -p $(@D)
	$(call said,LINK)$(CXX) -s $(filter %.o,$^) $(OUT)/liblathe.a $(GPU_LIBS) -o $@

$(OUT)/tests/fuzz/%: $(OUT)/tests/fuzz/%.o $(OUT)/tests/temporary_directory.o $(OUT)/liblathe.a
	$(call said,LINK)$(CXX) $(LDFLAGS) -fsanitize=fuzzer $^ $(LDLIBS) -o $@

# One thread runs everything there: nothing for ThreadSanitizer, whose calls it would answer.
ifneq ($(FLAVOUR),tsan)
SIMT_TEST := $(OUT)/tests/simt_test
SIMT_OBJECTS := $(patsubst %.cpp,$(OUT)/%.o,$(wildcard tests/simt/*.cpp)) \
                $(patsubst %.cu,$(OUT)/%.simt.o,$(filter-out kernels/cuda/available.cu,$(CUDA_SOURCES)) \
                                                $(wildcard tests/simt/*.cu) $(GPU_LADDER_SOURCES) \
                                                tests/kernels/gemm_by_cut.cu) \
                $(GPU_LADDER_HOST) $(GPU_BENCH_HOST)
$(patsubst %.cpp,$(OUT)/%.o,$(wildcard tests/simt/*.cpp)): CXXFLAGS += -Itests/simt
$(SIMT_TEST): $(SIMT_OBJECTS) $(OUT)/tests/kernels/compare.o $(OUT)/tests/nn/tiny_bert.o $(OUT)/tests/train/tiny_task.o \
              $(OUT)/tests/temporary_directory.o $(OUT)/liblathe.a
	$(call said,LINK)$(CXX) $(LDFLAGS) $^ -lgtest -lgtest_main -lpthread $(LDLIBS) -o $@
endif

# Pieces of work whose instructions are counted: the release's.
ifeq ($(FLAVOUR),release)
GUARDS := $(OUT)/tests/guards/guards
$(GUARDS): $(patsubst %.cpp,$(OUT)/%.o,$(wildcard tests/guards/*.cpp tests/*.cpp)) $(OUT)/tests/kernels/compare.o \
           $(OUT)/liblathe.a
	$(call said,LINK)$(CXX) $(LDFLAGS) $^ $(LDLIBS) -o $@
endif

also_tested_by_bench := $(LADDER_OBJECTS)
define test_rule
$(OUT)/tests/$(1)_test: $(patsubst %.cpp,$(OUT)/%.o,$(wildcard tests/$(1)/*.cpp) $(wildcard tests/*.cpp)) \
                        $(also_tested_by_$(1)) $(OUT)/liblathe.a
	$$(call said,LINK)$$(CXX) $$(LDFLAGS) $$^ -lgtest -lgtest_main -lpthread $$(LDLIBS) -o $$@
endef
$(foreach d,$(TEST_DIRS),$(eval $(call test_rule,$(d))))

# ---- what people run -------------------------------------------------------------------------------------------------
setup:
	@scripts/setup.sh

test: $(TESTS) $(SIMT_TEST) $(GUARDS) $(OUT)/lathe $(MPI_LIBRARY) $(EXAMPLES)
	@scripts/fetch.sh minilm || true  # without it the tests that need the encoder are skipped, and say so
	@FLAVOUR=$(FLAVOUR) scripts/run_tests.sh

# Instructions of the main kernels, the tokenizer and the readers, as make test compares them with
# tests/guards/instructions.tsv. UPDATE=1 writes what is counted into that table.
guards: $(GUARDS)
	@scripts/guards.sh $(if $(UPDATE),--update)

# While the compiler works, so that a machine without a network says so at once.
fetched: | $(SETUP)
	@scripts/fetch.sh $(FETCHED)

demo: fetched all $(OUT)/examples/bag_of_words
	@scripts/demo.sh

mrpc: FETCHED := minilm
mrpc: mrpc-text fetched all $(OUT)/examples/bag_of_words
	@MRPC="$(MRPC)" scripts/mrpc.sh

# First of all, so that a wrong MRPC= is told before anything is built.
mrpc-text:
	@MRPC="$(MRPC)" scripts/mrpc.sh --text

# SUITES="layers data": these alone. FILTER=REGEX: what of them.
bench: $(BENCHES)
	@scripts/bench.sh $(SUITES) $(if $(FILTER),--benchmark_filter='$(FILTER)')

# The matrix product and attention in steps, each as a fraction of this machine's peak (docs/cpu.md, docs/cuda.md).
ladder: $(LADDER) $(if $(NVCC),$(GPU_LADDER))
	@$<
	@$(if $(NVCC),$(GPU_LADDER),echo "ladder: no nvcc here (CUDA_HOME=$(CUDA_HOME)): the processor's ladder is all")

# On a machine with a GPU: its tests, its figures, what PyTorch does there. Else it says that there is none.
cuda-check: $(if $(NVCC),$(GPU_PROGRAMS))
	@scripts/cuda_check.sh

# The programs of cuda-check in one file, for a machine that has a GPU and no compilers (docs/cuda.md).
cuda-programs: build/cuda-programs.tar.gz
build/cuda-programs.tar.gz: $(GPU_PROGRAMS)
	@tar -czf $@ $^ && ls -sh $@

peers: all
	@scripts/peers.sh

# Text: TEXT="FILE..." (lines) and PAIRS=FILE.tsv, else the demo's reviews. TOKENIZER="DIR|VOCAB..." else the demo's.
# FULL=1: a million documents, 200,000 pairs, every character of Unicode for each: 5 to 10 minutes a tokenizer.
peers-tokenizer: all $(addprefix $(OUT)/bench/peers/tokenizer_,passes rows hostile)
	@TEXT="$(TEXT)" PAIRS="$(PAIRS)" TOKENIZER="$(TOKENIZER)" FULL="$(FULL)" scripts/peers.sh tokenizer

asan ubsan tsan:
	@$(MAKE) --no-print-directory FLAVOUR=$@ test

# Each fuzzer for FUZZ_SECONDS over a corpus that it keeps under build/corpus.
FUZZ_SECONDS ?= 60
fuzz:
	@$(MAKE) --no-print-directory FLAVOUR=fuzz run-fuzzers

run-fuzzers: $(FUZZERS)
	@for fuzzer in $(FUZZERS); do \
	  corpus=build/corpus/$$(basename $$fuzzer); mkdir -p $$corpus; \
	  $$fuzzer -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 $$corpus || exit 1; \
	done

lint: | $(SETUP)
	@scripts/lint.sh

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include/lathe
	install -m 755 build/lathe $(DESTDIR)$(PREFIX)/bin/lathe
	install -m 644 build/liblathe.a $(DESTDIR)$(PREFIX)/lib/liblathe.a
	$(if $(MPI_LIBRARY),install -D -m 644 $(MPI_LIBRARY) $(DESTDIR)$(PREFIX)/lib/lathe/lathe_mpi.so)
	for d in base kernels tensor nn tokenize data train; do \
	  install -d $(DESTDIR)$(PREFIX)/include/lathe/$$d; \
	  install -m 644 $$d/*.h $(DESTDIR)$(PREFIX)/include/lathe/$$d/; \
	done

clean:
	rm -rf build

-include $(LIBRARY_OBJECTS:.o=.d) $(PROGRAM_OBJECTS:.o=.d)
-include $(CUDA_OBJECTS:.o=.d) $(SIMT_OBJECTS:.o=.d) $(LADDER_OBJECTS:.o=.d) $(GPU_LADDER_OBJECTS:.o=.d)
-include $(foreach d,$(TEST_DIRS),$(patsubst %.cpp,$(OUT)/%.d,$(wildcard tests/$(d)/*.cpp)))
-include $(patsubst %.cpp,$(OUT)/%.d,$(wildcard tests/*.cpp tests/guards/*.cpp tests/fuzz/*.cpp examples/*.cpp bench/*.cpp bench/peers/*.cpp bench/support/*.cpp bench/ladder/*.cpp bench/ladder/gpu/*.cpp bench/gpu/*.cpp tests/cuda/*.cpp))
