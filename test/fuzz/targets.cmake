find_package(OpenSSL 3 REQUIRED)
target_link_libraries(dtls_tls PUBLIC OpenSSL::SSL)
# Coverage is that of the library, whose headers are compiled into the targets.
foreach(library dtls_tls dtls_udp)
  target_compile_options(${library} PRIVATE -fsanitize=fuzzer-no-link)
endforeach()

set(FUZZ ${CMAKE_SOURCE_DIR}/test/fuzz)
set(TEST ${CMAKE_SOURCE_DIR}/test/native)
file(GLOB FUZZ_TARGETS CONFIGURE_DEPENDS ${FUZZ}/*.cc)
file(GLOB FUZZ_SUPPORT CONFIGURE_DEPENDS ${FUZZ}/support/*.cc)

add_library(fuzz_support OBJECT ${FUZZ_SUPPORT} ${TEST}/pair.cc ${TEST}/certificates.cc)
target_include_directories(fuzz_support PUBLIC ${TEST})
target_link_libraries(fuzz_support PUBLIC dtls_tls dtls_udp)

foreach(source ${FUZZ_TARGETS})
  get_filename_component(name ${source} NAME_WE)
  add_executable(fuzz_${name} ${source})
  target_link_libraries(fuzz_${name} PRIVATE fuzz_support dtls_tls dtls_udp)
  target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer-no-link)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  # support/fake_kernel.cc answers in the kernel's place.
  foreach(call socket bind connect setsockopt getsockopt recvmmsg recvmsg sendmmsg sendmsg sendto if_nametoindex
               if_indextoname)
    target_link_options(fuzz_${name} PRIVATE -Wl,--wrap=${call})
  endforeach()
endforeach()
